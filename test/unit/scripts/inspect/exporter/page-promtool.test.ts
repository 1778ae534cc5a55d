import { spawnSync } from "node:child_process";
import { pageOf } from "../../../../../scripts/inspect/exporter/page";
import { sample } from "../../../../../scripts/inspect/exporter/sample";
import { promtool } from "../../../../support/debian-program";
import { allSamples } from "./full-look";

const program = promtool();
const describeChecked = program === undefined ? describe.skip : describe;

function check(page: string): [status: number | null, said: string] {
  const { status, stdout, stderr } = spawnSync(program ?? "", ["check", "metrics"], {
    input: page,
    encoding: "utf8",
  });
  return [status, stdout + stderr];
}

describeChecked("Prometheus' own checker", () => {
  test("finds nothing wrong with a page that has every metric [C2]", () => {
    expect(check(pageOf(allSamples()))).toEqual([0, ""]);
  });

  test("reads names with every character that a name may have [C2]", () => {
    const odd = { environment: "prod", guest: 'a"b\\c\nd é', id: "101" };
    expect(check(pageOf(sample("lifeboat_guest_backups", odd, 1)))).toEqual([0, ""]);
  });

  test("would say what is wrong [C2]", () => {
    const page = pageOf(sample("lifeboat_environment_up", { environment: "prod" }, 1));
    expect(check(page.replace('"prod"', "prod"))[0]).not.toBe(0);
  });
});
