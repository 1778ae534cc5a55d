import { type Document, isNode } from "yaml";

/** What a settings file says at a place, as plain data; undefined where it says nothing. */
export function contentAt(settings: Document, place: readonly string[]): unknown {
  const found = settings.getIn(place, true);
  return isNode(found) ? found.toJS(settings) : found;
}
