"""The operations domain: dead letters, logs, the catalogue of services, and the errors operators see."""
