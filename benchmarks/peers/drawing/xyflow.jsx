// The flow in @xyflow/react, as its quick start draws one: nodes that can be dragged, edges, controls, minimap.
import "@xyflow/react/dist/style.css";
import { Background, Controls, MiniMap, ReactFlow, useEdgesState, useNodesState } from "@xyflow/react";
import { createElement as h } from "react";
import { createRoot } from "react-dom/client";

const graph = await (await fetch(`/graph-${new URLSearchParams(location.search).get("tasks")}.json`)).json();

function Drawing() {
  const [nodes, , onNodesChange] = useNodesState(graph.nodes.map(({ id, name, x, y }) => ({ id, position: { x, y }, data: { label: name } })));
  const [edges, , onEdgesChange] = useEdgesState(graph.edges.map(({ source, target }) => ({ id: `${source}-${target}`, source, target })));
  return h(ReactFlow, { nodes, edges, onNodesChange, onEdgesChange, defaultViewport: { x: 40, y: 40, zoom: 0.6 }, minZoom: 0.1 }, h(Background), h(Controls), h(MiniMap));
}

createRoot(document.getElementById("root")).render(h(Drawing));
