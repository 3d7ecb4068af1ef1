// What the views of one picker show, as the kernel tells it, and the requests they make.

import type { Actions, EnvironmentRow, FromKernel, Problem, State } from "./protocol";
import { Catalogue } from "./search";

/** Carries messages to the kernel; the widget has one, and whoever else shows the view. `send`
 * throws where nobody would get it. */
export interface Transport {
  send(message: object): void;
  listen(receive: (message: FromKernel) => void): void;
}

/** How values are shown in place of themselves: a mask, after so many characters if any. */
export interface Display {
  reveal: number;
  mask: number;
}

/** Milliseconds after which somebody who has clicked is told that it goes on. */
const NOTICEABLE = 700;

/** Milliseconds after which a kernel that has not answered is said to be busy or gone. */
const PATIENCE = 8_000;

/** Milliseconds between looks for what others have changed, while somebody looks on. */
const BETWEEN_LOOKS = 5_000;

/** Milliseconds without a touch of the page after which nobody is thought to look on. */
const ATTENTION = 10 * 60_000;

export class Failure extends Error {
  constructor(readonly problem: Problem) {
    super(problem.what);
  }
}

/** What to show of whatever went wrong. */
export function problemOf(error: unknown): Problem {
  return error instanceof Failure ? error.problem : { error: "Error", what: String(error), next: "" };
}

interface Waiting {
  resolve(said: string): void;
  reject(failure: unknown): void;
}

export class Store {
  state: State | null = null;
  readonly secrets = new Catalogue();
  total = 0;
  environment: { function: string; rows: EnvironmentRow[] } | null = null;
  display: Display = { reveal: 0, mask: 8 };
  /** What is said to a screen reader, and shown below. */
  said = "";
  failure: Problem | null = null;
  /** Whether the kernel has not answered for long. */
  silent = false;

  private listeners = new Set<() => void>();
  private waiting = new Map<number, Waiting>();
  private lastRequest = 0;
  private patience = 0;
  private looking = new Set<object>();
  private timer = 0;
  private touched = Date.now();
  private lookTook = 0;
  private ended: Problem | null = null;

  constructor(private transport: Transport) {
    transport.listen((message) => this.receive(message));
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Ask the kernel to do something; resolves with what it says of it. */
  ask<A extends keyof Actions>(action: A, fields: Actions[A]): Promise<string> {
    if (this.ended) return Promise.reject(new Failure(this.ended));
    const request = ++this.lastRequest;
    const answer = new Promise<string>((resolve, reject) => {
      this.waiting.set(request, { resolve, reject });
    });
    try {
      this.transport.send({ action, request, ...fields });
      this.expectAnswer();
    } catch (error) {
      this.waiting.get(request)?.reject(error);
      this.waiting.delete(request);
    }
    return answer;
  }

  /** The same where what is said, or goes wrong, belongs below the picker. */
  tell<A extends keyof Actions>(action: A, fields: Actions[A]): Promise<boolean> {
    return this.during(() => this.ask(action, fields));
  }

  /** Say below the picker what becomes of some work; returns whether it was done. */
  async during(work: () => Promise<string>): Promise<boolean> {
    const slow = window.setTimeout(() => this.say("Waiting for an answer …"), NOTICEABLE);
    try {
      this.say(await work());
      return true;
    } catch (error) {
      this.fail(error);
      return false;
    } finally {
      window.clearTimeout(slow);
    }
  }

  say(text: string): void {
    this.said = text;
    this.failure = null;
    this.changed();
  }

  fail(error: unknown): void {
    this.failure = problemOf(error);
    this.said = "";
    this.changed();
  }

  /** A view comes into sight, or goes; while one is there, what others change is looked for. */
  look(view: object, visible: boolean): void {
    const before = this.looking.size;
    if (visible) this.looking.add(view);
    else this.looking.delete(view);
    if (!before && this.looking.size) this.nextLook(0);
    if (!this.looking.size) window.clearTimeout(this.timer);
  }

  touch(): void {
    this.touched = Date.now();
  }

  private nextLook(wait: number): void {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(async () => {
      const attended = document.visibilityState === "visible" && Date.now() - this.touched < ATTENTION;
      if (attended && this.state) {
        const started = performance.now();
        await this.ask("watch", {}).catch(() => undefined);
        this.lookTook = performance.now() - started;
      }
      // A list that takes long is asked for less often.
      if (this.looking.size) this.nextLook(Math.max(BETWEEN_LOOKS, 20 * this.lookTook));
    }, wait);
  }

  private receive(message: FromKernel): void {
    this.heard();
    switch (message.kind) {
      case "state":
        if (message.function !== this.state?.function) this.environment = null;
        this.state = message.problem && this.state ? { ...this.state, ...message } : message;
        break;
      case "secrets":
        this.secrets.update(message.rows, message.removed, message.reset);
        this.total = message.total;
        if (message.more) void this.ask("more", {}).catch(() => undefined);
        break;
      case "environment":
        this.environment = { function: message.function, rows: message.rows };
        break;
      case "progress":
        this.said = message.said;
        break;
      case "answer":
        this.waiting.get(message.request)?.resolve(message.said);
        this.waiting.delete(message.request);
        break;
      case "failed": {
        const failure = new Failure(message);
        const asked = this.waiting.get(message.request);
        if (asked) asked.reject(failure);
        else this.failure = failure.problem;
        this.waiting.delete(message.request);
        break;
      }
    }
    this.changed();
  }

  /** Nobody answers any more: whoever waits is told so, and may ask again elsewhere. */
  end(problem: Problem): void {
    this.ended = problem;
    window.clearTimeout(this.patience);
    window.clearTimeout(this.timer);
    this.looking.clear();
    for (const each of this.waiting.values()) each.reject(new Failure(problem));
    this.waiting.clear();
    this.silent = false;
  }

  private expectAnswer(): void {
    window.clearTimeout(this.patience);
    this.patience = window.setTimeout(() => {
      this.silent = true;
      this.changed();
    }, PATIENCE);
  }

  private heard(): void {
    this.silent = false;
    window.clearTimeout(this.patience);
    if (this.waiting.size > 1) this.expectAnswer();
  }

  private changed(): void {
    for (const listener of this.listeners) listener();
  }
}
