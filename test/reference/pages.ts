import { componentsPage } from "./components-page";
import { faultsPage } from "./faults-page";
import { jsonPage } from "./json-page";
import { manPage } from "./man-page";
import { metricsPage } from "./metrics-page";
import { requirementsPage } from "./requirements-page";
import { seedsPage } from "./seeds-page";
import { settingsPage } from "./settings-page";
import { measurementsOfProject, testsOfProject } from "./tagged-tests";

/** A page that is written from the code: where it is, and its text. */
export interface Page {
  /** Path in the project. */
  readonly path: string;
  /** It is no Markdown, and stays as it is. */
  readonly plain?: boolean;
  readonly text: (project: string) => string | Promise<string>;
}

export const pages: readonly Page[] = [
  {
    path: "docs/reference/requirements.md",
    text: (project) => requirementsPage(testsOfProject(project), measurementsOfProject(project)),
  },
  {
    path: "docs/reference/seeds.md",
    text: (project) => seedsPage(testsOfProject(project), measurementsOfProject(project)),
  },
  { path: "docs/reference/faults.md", text: faultsPage },
  { path: "docs/reference/json.md", text: jsonPage },
  { path: "docs/reference/metrics.md", text: metricsPage },
  { path: "docs/reference/settings.md", text: settingsPage },
  { path: "docs/reference/components.md", text: componentsPage },
  { path: "docs/reference/lifeboat.1", plain: true, text: manPage },
];
