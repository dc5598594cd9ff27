package dev.millrace.simulation;

/**
 * An action that a handler takes beside its work, as real handlers do.
 *
 * @param allowed the only acceptable consequences
 */
record HandlerHabit(String name, Allowed allowed, Deed deed) {
  /** Acceptable consequences of a habit. */
  enum Allowed {
    /** The rows of the serial oracle. */
    RESULT,
    /** The end of the lane, naming the event. */
    FAILURE,
    /** Either of the two, but nothing in between. */
    EITHER
  }

  /** The code of a habit. */
  @FunctionalInterface
  interface Deed {
    @SuppressWarnings("IllegalThrows") // handlers throw anything
    void act(HandlerMoment at) throws Throwable;
  }

  static HandlerHabit harmless(String name, Deed deed) {
    return new HandlerHabit(name, Allowed.RESULT, deed);
  }

  static HandlerHabit fatal(String name, Deed deed) {
    return new HandlerHabit(name, Allowed.FAILURE, deed);
  }

  static HandlerHabit doubtful(String name, Deed deed) {
    return new HandlerHabit(name, Allowed.EITHER, deed);
  }

  @Override
  public String toString() {
    return name;
  }
}
