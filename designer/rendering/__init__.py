"""Drawing a flow: its layout by Graphviz and one SVG look for canvas, versions, differences and live instances.

In this room: text that fits (`labels`), sizes of cards (`cards`), DOT text (`dot`), the program that lays it out
(`graphviz`), routes of edges (`routing`), layouts (`layout`), SVG (`svg`), colours of downloads (`theme`), downloads
(`downloads`). Not in this room: pages, the database, what an instance is.
"""
