/** The site's time: the machine's, moved by an offset that tests can change. */
export interface Clock {
  /** Unix time in milliseconds. */
  milliseconds(): number;
  /** Unix time in whole seconds. */
  seconds(): number;
}

/** A clock that runs ahead of the machine's by as many seconds as `offset` says at the moment. */
export function shiftedClock(offset: () => number): Clock {
  const milliseconds = (): number => Date.now() + offset() * 1000;
  return { milliseconds, seconds: () => Math.floor(milliseconds() / 1000) };
}
