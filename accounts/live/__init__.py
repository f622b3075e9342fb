"""Live updates for every app above: one socket per page, topics that apps register, changes published from any thread.

`topics` is the registry (what may be watched, who may, what is sent), `publisher` says after a commit that something
changed, `hub` brings that to the sockets of this process, `consumer` is a socket, `sync` answers what a page missed.
Nothing here knows what is being watched.
"""

from accounts.live.publisher import publish
from accounts.live.topics import Asked, Grant, Part, Row, TopicRenderer, Update, register_topic

__all__ = ["Asked", "Grant", "Part", "Row", "TopicRenderer", "Update", "publish", "register_topic"]
