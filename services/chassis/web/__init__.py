"""HTTP: the application around a service, its routes, its problems, and further listeners."""
