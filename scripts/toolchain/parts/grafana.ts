import type { Part } from "./part";

/**
 * A Grafana for tests: it shows the dashboards, and is never shipped. No release of it is in a registry that closed networks
 * mirror; this commit of 9 June 2023 is in the Go module proxy, and its packages are in that of npm.
 *
 * One tar archive with `bin/grafana`, `conf/` and `public/`: all that it needs to run, and what `docker import` makes an image of.
 */
export const grafana: Part = {
  name: "grafana",
  version: "10.0.0-preview.20230609",
  kind: "artifact",
  executable: "grafana.tar",
  onRequest: true,
  notice:
    "This Grafana is of June 2023, under the AGPL-3.0, and has known holes: a test tool for this machine, never shipped and never reachable from elsewhere.",
  tree: {
    recipe: "grafana",
    module: "github.com/grafana/grafana",
    moduleVersion: "v1.9.2-0.20230609164553-81d85ce8028d",
    sum: "h1:nEQOIzFVY/zsD915THCfkl+HIvGW+AounbAQ61ejFcs=",
  },
};
