"""What the members of a page are called that lead to the next one, whatever the API."""

from collections.abc import Mapping

MEMBERS: Mapping[str, tuple[str, ...]] = {
    "next": (
        "next_cursor", "next_page_token", "next_token", "next_marker", "next_page_cursor", "end_cursor", "next_page",
        "continuation_token", "continuation", "next", "cursor", "marker",
    ),
    "more": ("has_more", "has_next", "has_next_page", "more"),
    "total": ("total_items", "total_count", "total_results", "total_elements", "total_records", "total"),
    "pages": ("total_pages", "page_count", "pages", "last_page"),
}  # fmt: skip
ENVELOPES = frozenset({"meta", "metadata", "pagination", "paging", "page_info", "page", "links", "response_metadata"})
