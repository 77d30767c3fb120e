"""`sansha provision`: what a stack needs before it starts."""

from typing import Final

ADMINISTRATOR: Final = "provision"
"""The principal whose Kafka settings are used: SANSHA_PROVISION_KAFKA_…"""
