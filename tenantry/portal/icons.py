"""The icons: 16 by 16, one stroke of 1.4, drawn for this product. The key is what a template says."""

from __future__ import annotations

_KEY = '<circle cx="5.5" cy="10.5" r="2.8"/><path d="m7.5 8.5 5.5-5.5M11 5l1.5 1.5"/>'
_ENVELOPE = '<rect x="2.5" y="3.5" width="11" height="9" rx="1.5"/><path d="m3 5 5 3.8L13 5"/>'
_PEOPLE = (
    '<circle cx="6" cy="5.5" r="2.2"/><path d="M2 13c.3-2.4 1.8-3.6 4-3.6s3.7 1.2 4 3.6'
    'M10.5 3.6a2.1 2.1 0 0 1 0 4M11.5 9.6c1.5.4 2.3 1.5 2.5 3.4"/>'
)

ICONS: dict[str, str] = {
    "home": '<path d="M3 7.5 8 3l5 4.5V13H9.5v-3h-3v3H3z"/>',
    "members": _PEOPLE,
    "users": _PEOPLE,
    "user": '<circle cx="8" cy="5.5" r="2.4"/><path d="M3.5 13c.3-2.5 2-3.8 4.5-3.8s4.2 1.3 4.5 3.8"/>',
    "invite": _ENVELOPE,
    "mail": _ENVELOPE,
    "roles": _KEY,
    "key": _KEY,
    "passkey": (
        '<circle cx="6" cy="5.5" r="2.2"/><path d="M2 13c.3-2.4 1.8-3.6 4-3.6.8 0 1.5.2 2.1.5"/>'
        '<circle cx="12" cy="9" r="1.7"/><path d="M12 10.7V14l1.3-1"/>'
    ),
    "billing": '<path d="M2.5 11a5.5 5.5 0 1 1 11 0M8 11l2.5-3.5"/>',
    "contract": '<path d="M4 2.5h5L12.5 6v7.5H4zM9 2.5V6h3.5"/>',
    "lock": '<rect x="3.5" y="7" width="9" height="6" rx="1.5"/><path d="M5.5 7V5.2a2.5 2.5 0 0 1 5 0V7"/>',
    "shield": '<path d="M8 2.5 3.5 4v4c0 2.8 1.8 4.7 4.5 5.5 2.7-.8 4.5-2.7 4.5-5.5V4z"/>',
    "audit": '<path d="M4 2.5h6L12.5 5v8.5H4zM6 7h4.5M6 9.5h4.5"/>',
    "webhook": '<path d="M6.5 7.5a2.5 2.5 0 1 1 3.3-2.4L12 9.5M9.5 8.5a2.5 2.5 0 1 1-1 4.5H5"/>',
    "settings": (
        '<circle cx="8" cy="8" r="2"/><path d="M8 2.5v1.7M8 11.8v1.7M2.5 8h1.7M11.8 8h1.7M4.1 4.1l1.2 1.2M10.7 10.7l1.2 1.2'
        'M11.9 4.1l-1.2 1.2M5.3 10.7l-1.2 1.2"/>'
    ),
    "more": '<circle cx="3.5" cy="8" r="1"/><circle cx="8" cy="8" r="1"/><circle cx="12.5" cy="8" r="1"/>',
    "search": '<circle cx="7" cy="7" r="4"/><path d="m10 10 3.3 3.3"/>',
    "filter": '<path d="M2.5 4.5h11M4.5 8h7M6.5 11.5h3"/>',
    "plus": '<path d="M8 3.5v9M3.5 8h9"/>',
    "minus": '<path d="M3.5 8h9"/>',
    "edit": '<path d="m3 13 .6-2.8 7-7 2.2 2.2-7 7zM9 4.8 11.2 7"/>',
    "check": '<path d="m3.5 8.5 3 3 6-7"/>',
    "warn": '<path d="M8 3 2.5 13h11zM8 7v2.5M8 11.3v.2"/>',
    "info": '<circle cx="8" cy="8" r="5.5"/><path d="M8 7.5v3.3M8 5.2v.1"/>',
    "close": '<path d="m4 4 8 8M12 4l-8 8"/>',
    "chevron": '<path d="m6 3.5 4.5 4.5L6 12.5"/>',
    "back": '<path d="M10 3.5 5.5 8l4.5 4.5"/>',
    "down": '<path d="M3.5 6 8 10.5 12.5 6"/>',
    "updown": '<path d="m5 6.5 3-3 3 3M5 9.5l3 3 3-3"/>',
    "download": '<path d="M8 3v7M4.5 6.5 8 10l3.5-3.5M3 13h10"/>',
    "upload": '<path d="M8 12.5v-9M4.5 7 8 3.5 11.5 7"/>',
    "sun": '<circle cx="8" cy="8" r="2.6"/>'
    '<path d="M8 2v1.2M8 12.8V14M2 8h1.2M12.8 8H14M3.8 3.8l.8.8M11.4 11.4l.8.8M12.2 3.8l-.8.8M4.6 11.4l-.8.8"/>',
    "moon": '<path d="M13 9.7A5.3 5.3 0 1 1 6.3 3 4.3 4.3 0 0 0 13 9.7z"/>',
    "building": '<path d="M3.5 13.5v-10h6v10M9.5 6.5h3v7M2.5 13.5h11M5.5 6h2M5.5 8.5h2M5.5 11h2"/>',
    "globe": '<circle cx="8" cy="8" r="5.5"/>'
    '<path d="M2.5 8h11M8 2.5c1.7 1.6 2.5 3.5 2.5 5.5S9.7 11.9 8 13.5C6.3 11.9 5.5 10 5.5 8S6.3 4.1 8 2.5z"/>',
    "eye": '<path d="M1.8 8S4 3.8 8 3.8 14.2 8 14.2 8 12 12.2 8 12.2 1.8 8 1.8 8z"/><circle cx="8" cy="8" r="1.9"/>',
    "clock": '<circle cx="8" cy="8" r="5.5"/><path d="M8 5v3l2 1.5"/>',
    "calendar": '<rect x="2.5" y="3.5" width="11" height="10" rx="1.5"/><path d="M2.5 6.5h11M5.5 2v2.5M10.5 2v2.5"/>',
    "device": '<rect x="2.5" y="3" width="11" height="7.5" rx="1"/><path d="M5.5 13.5h5M8 10.5v3"/>',
    "logout": '<path d="M9.5 3H4v10h5.5M7 8h6.5M11 5.5 13.5 8 11 10.5"/>',
    "external": '<path d="M9 3h4v4M13 3 7.5 8.5M11 9.5V13H3V5h3.5"/>',
    "copy": '<rect x="5.5" y="5.5" width="7.5" height="7.5" rx="1.2"/><path d="M10.5 3H4.2A1.2 1.2 0 0 0 3 4.2v6.3"/>',
    "trash": '<path d="M3 4.5h10M6.5 4.5V3h3v1.5M4.5 4.5l.6 8.5h5.8l.6-8.5M6.8 7v3.5M9.2 7v3.5"/>',
    "pause": '<path d="M5.5 3.5v9M10.5 3.5v9"/>',
    "play": '<path d="M5 3.5v9L12 8z"/>',
    "sync": '<path d="M3 7.5a5 5 0 0 1 8.7-2.8L13 6M13 3v3h-3M13 8.5a5 5 0 0 1-8.7 2.8L3 10M3 13v-3h3"/>',
    "undo": '<path d="M5.5 3 3 5.5 5.5 8M3 5.5h6a3.5 3.5 0 0 1 0 7H6"/>',
}
