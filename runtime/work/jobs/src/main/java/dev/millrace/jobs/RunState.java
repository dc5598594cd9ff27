package dev.millrace.jobs;

/** The state of a run. The last three are final. */
public enum RunState {
  PENDING,
  RUNNING,
  SUCCEEDED,
  FAILED,
  CANCELED;

  public boolean isFinal() {
    return switch (this) {
      case PENDING, RUNNING -> false;
      case SUCCEEDED, FAILED, CANCELED -> true;
    };
  }
}
