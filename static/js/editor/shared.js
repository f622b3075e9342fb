// @ts-check
// What the canvas has in common with rooms that are opened later (outline, menu, sandbox, forms). It is served as one file
// (config/bundles.py): those rooms take from it what they need, and it knows none of them, so the names of all of them, which
// carry a hash of their content, depend on one another in one direction only.
import "../csrf.js";
import "./chooser.js";
import "./commands.js";
import "./connect.js";
import "./doors.js";
import "./late.js";
import "./palette.js";
import "./settings/popup.js";
import "./single_keys.js";
