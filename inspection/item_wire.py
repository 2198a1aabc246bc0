"""What people send about items: that two are one problem, or that one is two."""

from uuid import UUID

from pydantic import Field

from inspection.wire import Filled, Text, Wire

MAX_SPLIT = 200


class ItemMerge(Wire):
    """An item is the same problem as another one of the enterprise, which stays and gets its findings."""

    into_item_id: UUID = Field(
        description="the item that stays; of two with tickets, the one due first"
    )
    reason: Filled = Field(examples=["同一配电箱，两个机位拍到"])


class ItemSplit(Wire):
    """These findings are of another problem: they become an item of their own."""

    finding_ids: tuple[UUID, ...] = Field(min_length=1, max_length=MAX_SPLIT)
    reason: Filled = Field(examples=["这几张是隔壁工位"])
    place: Text = Field(
        default="", max_length=200, description="of the new item; empty: where the first was seen"
    )
