"""What a previewed stack costs and emits by standing there: from declared resources to energy, kg CO2e and USD."""
