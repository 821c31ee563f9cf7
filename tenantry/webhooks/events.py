"""What this room records, and the event that is sent only to try an endpoint."""

from ninja import Schema

from tenantry.audit.catalogue import publish, register

register(
    "webhook",
    webhook__created="A webhook endpoint was made.",
    webhook__changed="A webhook endpoint was changed.",
    webhook__paused="A webhook endpoint was paused.",
    webhook__resumed="A paused webhook endpoint was resumed.",
    webhook__rotated="A webhook endpoint's secret was replaced.",
    webhook__deleted="A webhook endpoint was deleted.",
    webhook__tested="A test event was sent to a webhook endpoint.",
    webhook__redelivered="A delivery was sent again.",
    webhook__replayed="Deliveries since a moment were sent again.",
)


class TestData(Schema):
    """Nothing happened."""

    message: str


publish(
    "webhook.test",
    recorded_as=(),
    meaning="Somebody tries an endpoint.",
    when="On “Send a test event”; never by itself.",
    data=TestData,
    example={"message": "This is a test. Nothing happened."},
    build=lambda event, target: {"message": "This is a test. Nothing happened."},
)
