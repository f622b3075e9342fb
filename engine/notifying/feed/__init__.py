"""The inbox feed: what a subscriber's inbox on somebody's own page asks of us, over HTTP and a websocket.

Pages of any origin may ask (CORS), so nothing here knows cookies: a subscriber proves who they are with a hash that
only the page's server can make, and gets a token for an hour.
"""
