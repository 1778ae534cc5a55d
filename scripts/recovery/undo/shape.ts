import * as z from "zod";
import { named, takeBackShapes } from "../engine/shapes";
import { restoreGuestShapes } from "../restore-guest/shape";

/** `lifeboat undo --json`: steps are taken back, or the save point is restored. */
export const undoShapes = {
  ...named(takeBackShapes({ guest: z.string().describe("`prod/web`") }), "of steps that are taken back"),
  ...named(restoreGuestShapes, "of a save point that is restored"),
};
