import type { Import } from "./imports";
import type { Arrows } from "./rooms";

/** Whether a path lies in a folder; `a/*` is every folder in `a`. */
function isIn(path: string, folder: string): boolean {
  const every = folder.endsWith("/*");
  const within = every ? folder.slice(0, -1) : `${folder}/`;
  return path.startsWith(within) && (!every || path.slice(within.length).includes("/"));
}

interface Room {
  /** Its folder. */
  readonly name: string;
  readonly below: readonly string[];
}

/** How far in a place of the table is; a name of its own is further in than one of `a/*`. */
function depth(place: string): number {
  return place.split("/").length + (place.endsWith("/*") ? 0 : 0.5);
}

/** The innermost room of a file that is listed. */
function roomOf(file: string, arrows: Arrows): Room | undefined {
  const places = Object.keys(arrows).filter((place) => isIn(file, place));
  const [place] = places.sort((one, other) => depth(other) - depth(one));
  if (place === undefined) return undefined;
  return { name: file.split("/").slice(0, place.split("/").length).join("/"), below: arrows[place] ?? [] };
}

/** Imports that go to where their room may not import from, each as a line that says what to do. */
export function wrongArrows(imports: readonly Import[], arrows: Arrows): string[] {
  return imports.flatMap(({ from, to }) => {
    const room = roomOf(from, arrows);
    if (room === undefined || roomOf(to, arrows)?.name === room.name) return [];
    if (room.below.some((place) => isIn(to, place))) return [];
    const may = room.below.length === 0 ? "no other room" : room.below.join(", ");
    return [
      `${from} imports ${to}: ${room.name} may import ${may}. Move what it needs into one of these, or let its caller pass it in.`,
    ];
  });
}

/**
 * Circles among the files and folders that lie in one folder, for every folder, each as one line. Where there are none,
 * neither do files import each other in a circle.
 */
export function circles(imports: readonly Import[]): string[] {
  const folders = new Set(imports.flatMap(({ from }) => foldersAbove(from)));
  return [...folders].sort().flatMap((folder) => circlesIn(folder, imports));
}

/** `a/b/c.ts` lies in `a/b`, `a` and the project, which is the empty word. */
function foldersAbove(file: string): string[] {
  const parts = file.split("/").slice(0, -1);
  return ["", ...parts.map((_, index) => parts.slice(0, index + 1).join("/"))];
}

function circlesIn(folder: string, imports: readonly Import[]): string[] {
  const graph = graphOf(folder, imports);
  const seen = new Set<string>();
  return [...graph.keys()].flatMap((start) => {
    const way = seen.has(start) ? undefined : shortestWayBack(start, graph);
    if (way === undefined) return [];
    for (const { unit } of way) seen.add(unit);
    const units = [...way.map(({ unit }) => unit), start].join(" → ");
    const files = way.map(({ by }) => `${by.from} imports ${by.to}`).join("; ");
    return [
      `${folder === "" ? "the project" : folder} has a circle, ${units}: ${files}. Move what both need to where it belongs, or into a file of its own.`,
    ];
  });
}

/** What each file and folder in a folder imports of the others there, with one import as the example. */
type Graph = ReadonlyMap<string, ReadonlyMap<string, Import>>;

function graphOf(folder: string, imports: readonly Import[]): Graph {
  const graph = new Map<string, Map<string, Import>>();
  for (const by of imports) {
    const [from, to] = [unitOf(by.from, folder), unitOf(by.to, folder)];
    if (from === undefined || to === undefined || from === to) continue;
    const known = graph.get(from) ?? new Map<string, Import>();
    graph.set(from, known);
    if (!known.has(to)) known.set(to, by);
  }
  return graph;
}

/** The file or folder in a folder of which a file is a part. */
function unitOf(file: string, folder: string): string | undefined {
  if (folder !== "" && !isIn(file, folder)) return undefined;
  return file.slice(folder === "" ? 0 : folder.length + 1).split("/")[0];
}

interface Leg {
  /** What imports the next one, and the last one the first. */
  readonly unit: string;
  readonly by: Import;
}

function shortestWayBack(start: string, graph: Graph): Leg[] | undefined {
  const ways: { readonly at: string; readonly legs: readonly Leg[] }[] = [{ at: start, legs: [] }];
  const reached = new Set<string>();
  for (const { at, legs } of ways) {
    for (const [next, by] of graph.get(at) ?? []) {
      const longer = [...legs, { unit: at, by }];
      if (next === start) return longer;
      if (reached.has(next)) continue;
      reached.add(next);
      ways.push({ at: next, legs: longer });
    }
  }
  return undefined;
}
