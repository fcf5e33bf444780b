/** A series that is wanted together with others, and the cells that it needs at once. */
export interface SeriesRequest {
  readonly family: number;
  /** Of the family. */
  readonly name: string;
  readonly labelValues: string[];
  readonly integer: boolean;
  readonly fraction: boolean;
}
