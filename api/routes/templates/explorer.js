// The explorer's own bar: role, case, token and example fill the headers and the operation of GraphiQL.
"use strict";

const element = (id) => document.getElementById(id);
const root = ReactDOM.createRoot(element("explorer"));
const memory = new Map();
// Nothing is stored in the browser: a token would outlive the page.
const storage = {
  get length() { return memory.size; },
  getItem: (name) => memory.get(name) ?? null,
  setItem: (name, value) => { memory.set(name, String(value)); },
  removeItem: (name) => { memory.delete(name); },
  clear: () => { memory.clear(); },
};
const WELCOME = "query Viewer {\n  viewer { name role roles case permissions }\n}\n";
let options = { roles: [], examples: [], tokens: {} };
let operation = { query: WELCOME, variables: "" };
let version = 0;

async function fetcher(parameters, { headers } = {}) {
  const response = await fetch("/graphql", {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json", ...headers },
    body: JSON.stringify(parameters),
  });
  return response.json();
}

function headers() {
  const fields = { Authorization: `Bearer ${element("token").value}`, "X-Role": element("role").value };
  if (element("case").value) fields["X-Case"] = element("case").value;
  return JSON.stringify(fields, null, 2);
}

// A new key mounts GraphiQL anew, so that it reads the schema as the chosen role sees it.
function render() {
  memory.clear();
  version += 1;
  if (!element("token").value) {
    root.render(React.createElement("p", { key: version }, "Enter a token that has this role."));
    return;
  }
  root.render(React.createElement(GraphiQL, {
    key: version,
    fetcher,
    storage,
    query: operation.query,
    variables: operation.variables,
    headers: headers(),
    defaultEditorToolsVisibility: "variables",
    isHeadersEditorEnabled: true,
    shouldPersistHeaders: false,
    forcedTheme: "light",
  }));
}

function option(value, text = value) {
  const node = document.createElement("option");
  node.value = value;
  node.textContent = text;
  return node;
}

function listExamples() {
  const role = element("role").value;
  const usable = options.examples.filter((example) => example.roles.includes(role));
  element("example").replaceChildren(option("", "…"), ...usable.map((example) => option(example.name)));
}

function chooseRole() {
  const role = options.roles.find(({ name }) => name === element("role").value);
  element("case").disabled = !role.needsCase;
  element("case").value = role.needsCase ? element("case").value || "#1042" : "";
  if (options.tokens[role.name]) element("token").value = options.tokens[role.name];
  operation = { query: WELCOME, variables: "" };
  listExamples();
  render();
}

function chooseExample() {
  const example = options.examples.find(({ name }) => name === element("example").value);
  operation = example ? { query: example.query, variables: example.variables } : { query: WELCOME, variables: "" };
  render();
}

async function start() {
  options = await (await fetch("/explorer/options.json")).json();
  element("role").replaceChildren(...options.roles.map(({ name }) => option(name)));
  element("role").addEventListener("change", chooseRole);
  element("case").addEventListener("change", render);
  element("token").addEventListener("change", render);
  element("example").addEventListener("change", chooseExample);
  chooseRole();
}

start();
