// @ts-check
// Brings the page to life: finds `data-controller` in what is there and in whatever arrives later.
import "./requests.js";
import "./live/swap.js";
import { register, watch } from "./controllers.js";

register("clock", () => import("./controllers/clock.js"));
register("confirm", () => import("./controllers/confirm.js"));
register("current", () => import("./controllers/current.js"));
register("copy", () => import("./controllers/copy.js"));
register("countdown", () => import("./controllers/countdown.js"));
register("json", () => import("./controllers/json.js"));
register("live", () => import("./controllers/live.js"));
register("menu", () => import("./controllers/menu.js"));
register("opens", () => import("./controllers/opens.js"));
register("reltime", () => import("./controllers/reltime.js"));
register("submits", () => import("./controllers/submits.js"));
register("theme", () => import("./controllers/theme.js"));
register("toast", () => import("./controllers/toast.js"));

watch(document.body);
