/** Series that are asked for, and how many there may be. */

/** Series that there may be in a family and in the whole store; 0 is no limit. */
export interface SeriesLimits {
  readonly ofFamily: number;
  readonly ofStore: number;
}

export const NO_LIMITS: SeriesLimits = { ofFamily: 0, ofStore: 0 };

/**
 * A series that is wanted together with others, and the cells that it needs at once. With limits it is done without where
 * there is no room.
 */
export interface SeriesRequest {
  readonly family: number;
  /** Of the family. */
  readonly name: string;
  readonly labelValues: string[];
  readonly integer: boolean;
  readonly fraction: boolean;
  readonly limits: SeriesLimits;
}
