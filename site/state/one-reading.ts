/**
 * Why a text of JSON may be read in two ways; undefined when it is not. Go takes `Type` for `type`, and puts members that are there twice
 * together; JavaScript does neither. What is looked at here has to be what Pulumi works with.
 *
 * @param names members that are read here by their name
 */
export function twoReadings(text: string, value: unknown, names: ReadonlySet<string>): string | undefined {
  if (colonsOf(text) !== membersOf(value)) return "a member stands in it twice";
  const byFold = new Map([...names].map((name) => [fold(name), name]));
  const twin = structuresOf(value)
    .flatMap(Object.keys)
    .find((key) => !names.has(key) && byFold.has(fold(key)));
  return twin === undefined
    ? undefined
    : `it has the member ${JSON.stringify(twin)}, which Pulumi takes for ${byFold.get(fold(twin)) ?? ""}`;
}

/** As Go compares: also the long s and the sign for kelvin are letters. */
function fold(key: string): string {
  return key.toUpperCase().toLowerCase();
}

/** Each member has one outside of strings. */
function colonsOf(text: string): number {
  return (text.replace(/"(?:[^"\\]|\\.)*"/gsu, "").match(/:/gu) ?? []).length;
}

function membersOf(value: unknown): number {
  if (Array.isArray(value)) return value.reduce<number>((count, inner) => count + membersOf(inner), 0);
  if (!isObject(value)) return 0;
  return Object.values(value).reduce<number>((count, inner) => count + 1 + membersOf(inner), 0);
}

/** The objects of a checkpoint, or of an export, whose members Pulumi reads by name. */
function structuresOf(value: unknown): object[] {
  const [checkpoint] = inside(value, "checkpoint");
  const latest = [...inside(checkpoint, "latest"), ...inside(value, "deployment")];
  const operations = latest.flatMap((one) => inside(one, "pending_operations"));
  return [
    ...[value, checkpoint].filter(isObject),
    ...latest,
    ...latest.flatMap((one) => ["manifest", "secrets_providers", "resources"].flatMap((name) => inside(one, name))),
    ...operations,
    ...operations.flatMap((one) => inside(one, "resource")),
  ];
}

/** Objects that a member is, or is a list of. */
function inside(value: unknown, name: string): object[] {
  if (!isObject(value)) return [];
  const member: unknown = Object.entries(value).find(([key]) => key === name)?.[1];
  return (Array.isArray(member) ? member : [member]).filter(isObject);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
