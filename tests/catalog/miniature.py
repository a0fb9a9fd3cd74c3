"""Hand-written vms.csv files in SkyPilot's layout, small enough to add up by hand."""

from __future__ import annotations

AWS_HEADER = (
    "InstanceType,AcceleratorName,AcceleratorCount,vCPUs,MemoryGiB,GpuInfo,Price,SpotPrice,Region,AvailabilityZone,Arch"
)
AWS = "\n".join(
    [
        AWS_HEADER,
        "m5.large,,,2.0,8.0,,0.096,0.04,us-east-1,use1-az1,x86_64",
        "p4d.24xlarge,A100,8.0,96.0,1152.0,,20.0,10.0,us-east-1,use1-az1,x86_64",
        "p4d.24xlarge,A100,8.0,96.0,1152.0,,20.0,12.0,us-east-1,use1-az2,x86_64",
        "p4d.24xlarge,A100,8.0,96.0,1152.0,,20.0,20.0,us-east-1,use1-az4,x86_64",
        "p4d.24xlarge,A100,8.0,96.0,1152.0,,20.0,1.0,us-east-1,use1-atl2-az1,x86_64",
        "p5.4xlarge,H100,1.0,16.0,256.0,,7.0,,us-east-1,use1-az1,x86_64",
        "trn1.32xlarge,Trainium,16.0,128.0,512.0,\"{'Count': 16, 'Name': 'Trainium'}\",,6.0,us-east-1,use1-az1,x86_64",
        "dl1.24xlarge,Gaudi HL-205,8.0,96.0,768.0,,13.0,4.0,us-west-2,usw2-az1,x86_64",
        "g5.xlarge,A10G,1.0,4.0,16.0,,1.5,0.5,mars-north-1,mn1-az1,x86_64",
        "",
    ]
)
GCP_HEADER = (
    "InstanceType,vCPUs,MemoryGiB,AcceleratorName,AcceleratorCount,GpuInfo,Region,AvailabilityZone,Price,SpotPrice"
)
GCP = "\n".join(
    [
        GCP_HEADER,
        # machines without their accelerators
        "a2-highgpu-1g,12.0,85.0,,,,us-central1,us-central1-a,0.75,0.25",
        "a2-highgpu-1g,12.0,85.0,,,,us-central1,us-central1-b,0.75,0.35",
        "a2-highgpu-1g,12.0,85.0,,,,us-central1,us-central1-f,0.75,0.05",
        "a2-highgpu-1g,12.0,85.0,,,,europe-west4,europe-west4-a,0.80,0.30",
        "a3-highgpu-1g,26.0,234.0,,,,us-central1,us-central1-a,1.25,0.25",
        "a4-highgpu-8g,224.0,3968.0,,,,us-central1,us-central1-a,0.0,0.0",
        "a3-ultragpu-8g,224.0,2952.0,,,,us-central1,us-central1-a,12.0,3.0",
        "n1-standard-4,4.0,15.0,,,,us-central1,us-central1-a,0.19,0.06",
        "n1-highmem-8,8.0,52.0,,,,us-central1,us-central1-a,0.47,0.09",
        # accelerators without a machine
        ",,,A100,1.0,,us-central1,us-central1-a,3.0,1.0",
        ",,,A100,1.0,,us-central1,us-central1-b,3.0,1.2",
        ",,,A100,1.0,,europe-west4,europe-west4-a,1.5,1.4",
        ",,,H100,8.0,,us-central1,us-central1-a,80.0,16.0",
        ",,,B200,8.0,,us-central1,us-central1-a,90.0,32.0",
        ",,,T4,1.0,,us-central1,us-central1-a,0.35,0.14",
        ",,,T4,4.0,,us-central1,us-central1-a,1.40,0.56",
        # TPUs: v5p counts cores, v5litepod and v6e count chips
        ",,,tpu-v5p-8,1,tpu-v5p-8,us-central1,us-central1-a,16.8,4.0",
        ",,,tpu-v5p-16,1,tpu-v5p-16,us-central1,us-central1-a,33.6,8.0",
        ",,,tpu-v5litepod-1,1,,us-central1,us-central1-a,1.2,0.25",
        ",,,tpu-v6e-1,1,,asia-east1,asia-east1-c,700.0,700.0",
        ",,,tpu-v6e-1,1,,southamerica-west1,southamerica-west1-a,2.7,700.0",
        "",
    ]
)
