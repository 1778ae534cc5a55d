import { DataProgram } from "../../../../../scripts/clients/data-program/data-program";

it("what the program in a guest says is no sentence of its own behind Lifeboat's [K2]", () => {
  const way = { name: "prod/web", run: () => Promise.reject(new Error("nothing is run")) };
  const program = new DataProgram(Object.assign(Object.create(null), way), "");
  const stderr = "Unable to read the settings: shop is no source of data of this guest\n";
  expect(() => program.require(["list", "shop"], { code: 1, stderr })).toThrow(
    /^cannot read the settings: shop is no source of data of this guest$/u,
  );
});
