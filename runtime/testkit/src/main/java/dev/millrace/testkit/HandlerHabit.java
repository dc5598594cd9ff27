package dev.millrace.testkit;

/**
 * Something that people do in handlers beside their work.
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
    /** Either of them, but nothing in between. */
    EITHER
  }

  /** The code of a habit. */
  @FunctionalInterface
  interface Deed {
    @SuppressWarnings("IllegalThrows") // people throw anything
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
