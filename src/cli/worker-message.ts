/** What a worker and its primary tell each other. */

/** From a worker: it listens. */
export interface ReadyMessage {
  readonly kind: 'ready';
  readonly description: string;
}

/** From a worker: it cannot start, or had no store that it could serve when it was told to end; it ends. */
export interface FailedMessage {
  readonly kind: 'failed';
  readonly exitCode: number;
  readonly message: string;
}

/** From the primary: answer what is in flight, and end. */
export interface DrainMessage {
  readonly kind: 'drain';
}

/** Any of them. */
export type WorkerMessage = ReadyMessage | FailedMessage | DrainMessage;
