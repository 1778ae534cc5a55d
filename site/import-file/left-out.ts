/** Something that the program declares and that is not taken in. */
export interface LeftOut {
  /** `container web (101)` */
  readonly what: string;
  readonly why: string;
  /** What to do, or what the next update does. */
  readonly next: string;
  /** Whether the next update makes it; otherwise it refuses, or asks for something first. */
  readonly isMade: boolean;
}
