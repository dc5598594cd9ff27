package dev.millrace.lane;

import dev.millrace.loaders.AccessorException;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.ExecutedBatch;
import dev.millrace.pipeline.SourceEvent;
import dev.millrace.staging.TableChanges;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides the remedy of a failed event, which ends the lane, and describes it: its position in the
 * chain, and the line of its handler's code. The rest of the trace goes to a logger of its own, so
 * that a program that shows one line can leave it out.
 */
final class EventFailureReport {
  private static final Logger TRACES = LoggerFactory.getLogger("dev.millrace.handler.trace");

  /** Longer reasons go to the trace only: a message is one line. */
  private static final int MAX_REASON = 2_000;

  /** Limit on the causes to follow: real wrapping is a few levels deep. */
  private static final int MAX_CAUSES = 16;

  private static final StackTraceElement[] NO_STACK = {};

  private static final List<String> NEUTRAL_PACKAGES =
      List.of(
          "java.",
          "jdk.",
          "dev.millrace.loaders.",
          "dev.millrace.staging.",
          "dev.millrace.pipeline.");

  private EventFailureReport() {}

  /**
   * Returns the failure of a lane at an event. A {@link MillraceException} keeps its remedy, but
   * for a RETRY, which no handler may ask for; full memory is worth a restart; all else is a
   * mistake of the handler.
   */
  static MillraceException of(SourceEvent event, @Nullable Throwable cause) {
    Remedy remedy =
        cause instanceof MillraceException known && known.remedy() != Remedy.RETRY
            ? known.remedy()
            : Remedy.FIX_HANDLER;
    return new MillraceException(
        cause instanceof OutOfMemoryError ? Remedy.RESTART : remedy,
        "event failed: %s reason=\"%s\"%s"
            .formatted(
                event.describe(),
                reason(cause),
                place(event, cause).map(at -> " at=" + at).orElse("")),
        cause);
  }

  /**
   * Names the last event before the handlers' thread was interrupted while no handler ran. Nothing
   * shows the origin of an interrupt.
   */
  static MillraceException interruptedAfter(
      @Nullable SourceEvent last, String meanwhile, @Nullable Throwable cause) {
    return new MillraceException(
        Remedy.FIX_HANDLER,
        "thread of the handlers was interrupted while %s: %s reason=\"by a task that a handler has"
                .formatted(
                    meanwhile,
                    last == null ? "no event has run" : "the last event was " + last.describe())
            + " started, or by the program around the lane; end or cancel such a task before its"
            + " handler returns\"",
        cause);
  }

  /**
   * Names the event that saved a row whose accessor threw in a store; returns other failures
   * unchanged.
   */
  static MillraceException ofRow(MillraceException failed, List<ExecutedBatch> batches) {
    Throwable cause = failed;
    for (int i = 0; i < MAX_CAUSES && cause != null; i++) {
      if (cause instanceof AccessorException accessor) {
        return saved(accessor.row(), batches).map(event -> saved(event, accessor)).orElse(failed);
      }
      cause = cause.getCause();
    }
    return failed;
  }

  /** The handler has returned long ago, so the trace does not contain its code. */
  private static MillraceException saved(SourceEvent event, AccessorException accessor) {
    return new MillraceException(
        accessor.remedy(),
        "event failed: %s reason=\"%s\"".formatted(event.describe(), reason(accessor)),
        accessor);
  }

  @SuppressWarnings("ReferenceEquality") // identity, as records may compare in any way
  private static Optional<SourceEvent> saved(Object row, List<ExecutedBatch> batches) {
    for (ExecutedBatch batch : batches.reversed()) {
      for (TableChanges<?> changes : batch.changes().tables()) {
        for (int i = changes.size() - 1; i >= 0; i--) {
          if (changes.after(i) == row) {
            return Optional.of(batch.batch().events().get(changes.event(i)));
          }
        }
      }
    }
    return Optional.empty();
  }

  /** Describes an exception in one line, even if its own methods throw. */
  static String reason(@Nullable Throwable thrown) {
    if (thrown == null) {
      return "null";
    }
    try {
      String text =
          String.valueOf(
              thrown instanceof MillraceException known ? known.getMessage() : thrown.toString());
      return text.length() <= MAX_REASON ? text : text.substring(0, MAX_REASON) + "…";
    } catch (Throwable _) {
      return thrown.getClass().getName();
    }
  }

  /**
   * Returns the line of the handler's code that was running: the innermost frame in the package of
   * the outermost call. Frames of the adapter between handler and stream do not count, nor do the
   * libraries that either calls.
   */
  private static Optional<String> place(SourceEvent event, @Nullable Throwable thrown) {
    List<StackTraceElement> calls = callsOfTheRun(thrown);
    String adapter = event.handler().getClass().getPackageName();
    String home =
        calls.reversed().stream()
            .map(EventFailureReport::packageOf)
            .filter(name -> !name.equals(adapter))
            .findFirst()
            .orElse(adapter);
    return calls.stream()
        .filter(call -> packageOf(call).equals(home))
        .findFirst()
        .map(call ->
            Objects.requireNonNullElse(call.getFileName(), call.getClassName())
                + ":"
                + call.getLineNumber());
  }

  /** Returns the frames, innermost first, without those that never belong to a handler. */
  private static List<StackTraceElement> callsOfTheRun(@Nullable Throwable thrown) {
    return Stream.of(stackOf(thrown))
        .takeWhile(call -> !call.getClassName().equals(ExecuteStage.class.getName()))
        .filter(call -> !packageOf(call).equals(EventFailureReport.class.getPackageName()))
        .filter(call -> NEUTRAL_PACKAGES.stream().noneMatch(call.getClassName()::startsWith))
        .toList();
  }

  private static StackTraceElement[] stackOf(@Nullable Throwable thrown) {
    try {
      return thrown == null
          ? NO_STACK
          : Objects.requireNonNullElse(thrown.getStackTrace(), NO_STACK);
    } catch (Throwable _) {
      return NO_STACK; // a handler may throw a class of its own whose methods throw
    }
  }

  private static String packageOf(StackTraceElement call) {
    return call.getClassName().substring(0, Math.max(0, call.getClassName().lastIndexOf('.')));
  }

  /** Logs the trace for the handler's author, once it is certain that the failure ends the lane. */
  static void trace(MillraceException failure) {
    if (failure.remedy() == Remedy.FIX_HANDLER && failure.getCause() != null) {
      try {
        TRACES.error(failure.getMessage(), failure.getCause());
      } catch (Throwable _) {
        TRACES.error(failure.getMessage()); // a logger calls the cause's methods, which may throw
      }
    }
  }
}
