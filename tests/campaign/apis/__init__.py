"""The services that sources ask, each speaking its documented API; one file an API."""

from .base import Api, Opening, Window
from .carbon_aware_sdk import CarbonAware
from .eia import EiaApi
from .electricity_maps import ElectricityMapsApi
from .energy_charts import EnergyChartsApi
from .neso import NesoApi, NesoRegion
from .watttime import WattTimeApi

APIS: tuple[Api, ...] = (
    ElectricityMapsApi(0),
    WattTimeApi(1),
    CarbonAware(2),
    NesoApi(3),
    NesoRegion(4),
    EnergyChartsApi(5),
    EiaApi(6),
)

__all__ = ["APIS", "Api", "Opening", "Window"]
