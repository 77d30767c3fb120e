"""The services: three parties, the chassis they stand on, the console that drives and watches them."""
