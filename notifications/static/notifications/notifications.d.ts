/** One notification of the user's, as the feed has it. Its texts are other people's: never HTML. */
export interface Item {
  readonly id: number;
  readonly level: "info" | "success" | "warning" | "error";
  readonly category: string;
  readonly title: string;
  readonly body: string;
  readonly url: string;
  readonly actor: string;
  readonly target: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly created_at: string;
  /** When its words were changed last. */
  readonly edited_at: string | null;
  readonly delivered_at: string | null;
  readonly seen_at: string | null;
  readonly read_at: string | null;
  readonly archived_at: string | null;
}

/** "polling": over HTTP, as no WebSocket opens; "stopped": until a person acts, `code` says why. */
export type Status = "closed" | "connecting" | "open" | "waiting" | "polling" | "stopped";

/** What is there at one moment; never changed, always replaced. */
export interface Snapshot {
  /** Newest first. */
  readonly items: readonly Item[];
  readonly unread: number;
  /** Whether `loadMore()` has something to load. */
  readonly more: boolean;
  readonly status: Status;
  /** The close code, where there is one. */
  readonly code: number | null;
  /** Whether the list was loaded. */
  readonly loaded: boolean;
}

export interface Options {
  /** Where `notifications.urls` is included; "/notifications/". */
  feed?: string;
  /** The path of the socket; "/ws/notifications/". */
  socket?: string;
  /** Whose page it is, by primary key: it shows nothing of whoever else signs in after that. */
  user?: string;
  /** Django's CSRF token; out of its cookie, if it is left out. */
  csrf?: string;
  /** Notifications that are loaded at once, at most 100; 20. */
  limit?: number;
}

/** The ids that were just changed, in this tab or elsewhere. */
export interface StateChange {
  unread: number;
  seen?: number[];
  read?: number[];
  archived?: number[];
  marked_unread?: number[];
  unarchived?: number[];
  deleted?: number[];
}

export interface NotificationsEventMap {
  notification: CustomEvent<Item>;
  state: CustomEvent<StateChange>;
  status: CustomEvent<{ status: Status; code: number | null }>;
}

export class Notifications extends EventTarget {
  constructor(options?: Options);
  /** What is there now; another object after each change. */
  readonly snapshot: Snapshot;
  /** Whether this tab has the connection. */
  readonly leads: boolean;
  /** Call `run` with the snapshot now, and once after all that changes in one moment; returns what ends it. */
  subscribe(run: (snapshot: Snapshot) => void): () => void;
  /** Connect, and stay connected until `close()`. */
  connect(): void;
  /** Leave; another tab takes over. */
  close(): void;
  /** These were on the user's screen. */
  seen(ids: Iterable<number>): void;
  /** The user has read these. */
  read(ids: Iterable<number>): void;
  /** These are unread again. */
  markUnread(ids: Iterable<number>): void;
  /** The user has put these away. */
  archive(ids: Iterable<number>): void;
  /** These are back in the list. */
  unarchive(ids: Iterable<number>): void;
  /** These are deleted for this user. */
  delete(ids: Iterable<number>): void;
  /**
   * All that is in the list is read, in all tabs at once; the server is told after `undoMs`, or
   * when the page goes. Returns what takes it back until then.
   */
  readAll(undoMs?: number): () => void;
  /** Load what follows; false when nothing does. */
  loadMore(): Promise<boolean>;
  addEventListener<K extends keyof NotificationsEventMap>(
    type: K,
    listener: (event: NotificationsEventMap[K]) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
}
