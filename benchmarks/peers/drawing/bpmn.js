// The flow in bpmn-js' modeler: service tasks and sequence flows, read from BPMN with its diagram.
import "bpmn-js/dist/assets/diagram-js.css";
import "bpmn-js/dist/assets/bpmn-js.css";
import "bpmn-js/dist/assets/bpmn-font/css/bpmn-embedded.css";
import Modeler from "bpmn-js/lib/Modeler";

const xml = await (await fetch(`/graph-${new URLSearchParams(location.search).get("tasks")}.bpmn`)).text();
const modeler = new Modeler({ container: "#root" });
await modeler.importXML(xml);
modeler.get("canvas").zoom(0.6, { x: 0, y: 0 });
