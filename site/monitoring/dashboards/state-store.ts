import { dashboard, environmentsVariable } from "./dashboard";
import { chosen, countOf, countOfStates, whereAllHave } from "./expressions";
import type { Dashboard } from "./foundation-sdk";
import * as judged from "./judgements";
import { lines, stat } from "./panels";
import { table } from "./table";

const small = { width: 6, height: 3 };
const half = { width: 12, height: 7 };

const ofEnvironment = (metric: string): string => `max by (environment) (${metric}{${chosen}})`;
const ofCopy = (metric: string): string => `max by (environment, kind) (${metric}{${chosen}})`;
const copyAge = `time() - ${ofCopy("lifeboat_state_copy_timestamp_seconds")}`;
const copyShare = `(${copyAge}) / ${ofCopy("lifeboat_state_copy_max_age_seconds")}`;
const withoutCopy = `(${ofCopy("lifeboat_state_copy_max_age_seconds")} unless ${ofCopy("lifeboat_state_copy_timestamp_seconds")})`;

const badPoints = `sum(lifeboat_state_restore_points_unreadable{${chosen}})`;

/** Pulumi's states: without them nothing can be changed, and a rebuild begins with them. */
export function stateStore(): Dashboard {
  return dashboard({
    uid: "lifeboat-state-store",
    title: "State store",
    description:
      "Pulumi's states: whether they can be read, restore points, copies elsewhere, and a fallback in force.",
    variables: [environmentsVariable()],
    rows: [
      { panels: [unreadable(), unreadablePoints(), fallbacks(), oldestCopy()] },
      { title: "States", panels: [states(), copies()] },
      { title: "Over time", panels: [points(), copyAges()] },
      { title: "Certificates", panels: [certificates()] },
    ],
  });
}

function unreadable() {
  return stat({
    ...small,
    title: "Unreadable states",
    description: "lifeboat restore state brings one back from a restore point or a copy.",
    unit: "none",
    empty: "unknown",
    query: countOfStates(`${ofEnvironment("lifeboat_state_readable")} == 0`, "lifeboat_state_readable"),
    steps: judged.problems,
    words: judged.noneOfThem,
  });
}

function unreadablePoints() {
  return stat({
    ...small,
    title: "Unreadable restore points",
    description: "Of the newest hundred of each environment. They are no help when a state is lost.",
    unit: "none",
    empty: "unknown",
    query: `${badPoints} > 0 or ${whereAllHave("lifeboat_state_restore_points_unreadable", badPoints)}`,
    steps: judged.problems,
    words: judged.noneOfThem,
  });
}

function fallbacks() {
  return stat({
    ...small,
    title: "Fallbacks in force",
    description:
      "States that live outside of the store until lifeboat state return brings them back: those of the exporter's machine, as nobody sees others.",
    unit: "none",
    empty: "unknown",
    query: countOfStates(`${ofEnvironment("lifeboat_state_fallback")} == 1`, "lifeboat_state_fallback"),
    steps: judged.problems,
    words: judged.noneOfThem,
  });
}

function oldestCopy() {
  return stat({
    ...small,
    title: "Copies that are too old",
    description: "Copies that are older than they may be, or were never made. lifeboat backup state makes them.",
    unit: "none",
    empty: "unknown",
    query: countOf(`${copyShare} > 1 or ${withoutCopy}`, "lifeboat_state_copy_max_age_seconds"),
    steps: judged.problems,
    words: judged.noneOfThem,
  });
}

const environment = { label: "environment", title: "Environment" };

function states() {
  return table({
    ...half,
    title: "States",
    description: "One for each environment, in the store or, while a fallback is in force, outside of it.",
    unit: "none",
    empty: "no state was seen",
    labels: [environment],
    values: [
      {
        title: "Readable",
        query: ofEnvironment("lifeboat_state_readable"),
        unit: "none",
        empty: "unknown",
        words: judged.yes,
        pixels: 95,
      },
      {
        title: "Written",
        query: `time() - ${ofEnvironment("lifeboat_state_timestamp_seconds")}`,
        unit: "s",
        decimals: 1,
        empty: "unknown",
        pixels: 110,
      },
      {
        title: "Restore points",
        query: ofEnvironment("lifeboat_state_restore_points"),
        unit: "none",
        empty: "unknown",
        pixels: 120,
      },
      {
        title: "Fallback",
        query: ofEnvironment("lifeboat_state_fallback"),
        unit: "none",
        empty: "unknown",
        words: judged.fallback,
        pixels: 95,
      },
    ],
  });
}

function copies() {
  return table({
    ...half,
    title: "Newest copies",
    description: "Copies of the states in another place, with the age that they may have.",
    unit: "none",
    empty: "no copies are kept",
    labels: [environment, { label: "kind", title: "Place" }],
    values: [
      { title: "Age", query: copyAge, unit: "s", decimals: 1, empty: "never", pixels: 110 },
      {
        title: "May be",
        query: ofCopy("lifeboat_state_copy_max_age_seconds"),
        unit: "s",
        decimals: 1,
        empty: "no limit",
        pixels: 110,
      },
      {
        title: "Share",
        query: `${copyShare} or ${withoutCopy} * Inf`,
        unit: "percentunit",
        decimals: 0,
        steps: judged.shareOfAllowed,
        words: judged.neverBefore,
        pixels: 90,
      },
    ],
    sortBy: "Share",
  });
}

function points() {
  return lines({
    ...half,
    title: "Restore points",
    description: "They grow with each change, and the retention of the store ends them.",
    unit: "none",
    empty: "no state was seen",
    series: [{ query: ofEnvironment("lifeboat_state_restore_points"), legend: "{{environment}}" }],
  });
}

function copyAges() {
  return lines({
    ...half,
    title: "Share of the copies' time",
    description: "Age of each copy by what it may be: above the dashed line it is too old.",
    unit: "percentunit",
    empty: "no copies are kept",
    series: [{ query: copyShare, legend: "{{environment}} {{kind}}" }],
    steps: judged.shareOfAllowed,
  });
}

function certificates() {
  return table({
    width: 24,
    height: 6,
    title: "Certificates",
    description: "Of the store and of what else answers with one. lifeboat up makes new ones.",
    unit: "none",
    empty: "no certificate was seen",
    labels: [environment, { label: "subject", title: "Subject" }],
    values: [
      {
        title: "Ends in",
        query: `max by (environment, subject) (lifeboat_certificate_end_timestamp_seconds{${chosen}}) - time()`,
        unit: "s",
        decimals: 0,
        steps: judged.certificateSteps,
        pixels: 160,
      },
    ],
  });
}
