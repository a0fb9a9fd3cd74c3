"""What a stack costs by standing there: USD, kWh and kg CO2e a month."""
