package dev.millrace.pipeline;

import dev.millrace.loaders.AccessorException;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.loaders.TableChanges;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is told of an event that failed: where it stands in its chain, and where its handler stood
 * in its code. The rest of the trace goes to a logger of its own, so that whoever shows a person
 * one line can leave it out.
 */
final class EventFailure {
  private static final Logger TRACES = LoggerFactory.getLogger("dev.millrace.handler.trace");

  /** Longer texts belong in the trace: a message is one line for a person. */
  private static final int MAX_REASON = 2_000;

  /** Exceptions are wrapped a few times at the most. */
  private static final int MAX_CAUSES = 16;

  private static final StackTraceElement[] NO_STACK = {};

  private static final List<String> NOBODYS = List.of("java.", "jdk.", "dev.millrace.loaders.");

  private EventFailure() {}

  static MillraceException of(Event event, @Nullable Throwable cause) {
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
   * Names the event after which the thread of the handlers was interrupted while none of them ran.
   * Nothing shows where an interrupt came from.
   */
  static MillraceException interruptedAfter(
      @Nullable Event last, String meanwhile, @Nullable Throwable cause) {
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
   * Names the event that saved a row whose accessor has thrown in a store; other failures are
   * returned as they are.
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

  /** Its handler has returned long ago, so the trace says nothing of it. */
  private static MillraceException saved(Event event, AccessorException accessor) {
    return new MillraceException(
        accessor.remedy(),
        "event failed: %s reason=\"%s\"".formatted(event.describe(), reason(accessor)),
        accessor);
  }

  @SuppressWarnings("ReferenceEquality") // the very object, as records may compare in any way
  private static Optional<Event> saved(Object row, List<ExecutedBatch> batches) {
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

  /** Describes what was thrown in one line, even if it cannot describe itself. */
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
   * The line of the handler's code that the run was at: the innermost of the package that was
   * called first. What adapts a handler to its stream, and what either of them calls, is not it.
   */
  private static Optional<String> place(Event event, @Nullable Throwable thrown) {
    List<StackTraceElement> calls = callsOfTheRun(thrown);
    String adapter = event.handler().getClass().getPackageName();
    String home =
        calls.reversed().stream()
            .map(EventFailure::packageOf)
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

  /** Innermost first, without those that are never a handler's. */
  private static List<StackTraceElement> callsOfTheRun(@Nullable Throwable thrown) {
    return Stream.of(stackOf(thrown))
        .takeWhile(call -> !call.getClassName().equals(ExecuteStage.class.getName()))
        .filter(call -> !packageOf(call).equals(EventFailure.class.getPackageName()))
        .filter(call -> NOBODYS.stream().noneMatch(call.getClassName()::startsWith))
        .toList();
  }

  private static StackTraceElement[] stackOf(@Nullable Throwable thrown) {
    try {
      return thrown == null
          ? NO_STACK
          : Objects.requireNonNullElse(thrown.getStackTrace(), NO_STACK);
    } catch (Throwable _) {
      return NO_STACK; // a handler may throw a class of its own, with methods that throw
    }
  }

  private static String packageOf(StackTraceElement call) {
    return call.getClassName().substring(0, Math.max(0, call.getClassName().lastIndexOf('.')));
  }

  /** For the handler's author, once it is certain that the lane ends with it. */
  static void trace(MillraceException failure) {
    if (failure.remedy() == Remedy.FIX_HANDLER && failure.getCause() != null) {
      try {
        TRACES.error(failure.getMessage(), failure.getCause());
      } catch (Throwable _) {
        TRACES.error(failure.getMessage()); // a logger asks the cause to describe itself
      }
    }
  }
}
