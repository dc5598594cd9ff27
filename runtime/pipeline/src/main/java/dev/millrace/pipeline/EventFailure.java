package dev.millrace.pipeline;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
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

  private static final List<String> NOBODYS = List.of("java.", "jdk.", "dev.millrace.loaders.");

  private EventFailure() {}

  static MillraceException of(Event event, @Nullable Throwable cause) {
    Remedy remedy =
        cause instanceof MillraceException known && known.remedy() != Remedy.RETRY
            ? known.remedy()
            : Remedy.FIX_HANDLER;
    String reason =
        cause instanceof MillraceException known
            ? String.valueOf(known.getMessage())
            : String.valueOf(cause);
    return new MillraceException(
        cause instanceof VirtualMachineError ? Remedy.RESTART : remedy,
        "event failed: %s reason=\"%s\"%s"
            .formatted(
                event.describe(), reason, place(event, cause).map(at -> " at=" + at).orElse("")),
        cause);
  }

  /**
   * The line of the handler's code that the run was at: the innermost of the package that was
   * called first. What adapts a handler to its stream, and what either of them calls, is not it.
   */
  private static Optional<String> place(Event event, @Nullable Throwable thrown) {
    List<StackTraceElement> calls = thrown == null ? List.of() : callsOfTheRun(thrown);
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
  private static List<StackTraceElement> callsOfTheRun(Throwable thrown) {
    return Stream.of(thrown.getStackTrace())
        .takeWhile(call -> !call.getClassName().equals(ExecuteStage.class.getName()))
        .filter(call -> !packageOf(call).equals(EventFailure.class.getPackageName()))
        .filter(call -> NOBODYS.stream().noneMatch(call.getClassName()::startsWith))
        .toList();
  }

  private static String packageOf(StackTraceElement call) {
    return call.getClassName().substring(0, Math.max(0, call.getClassName().lastIndexOf('.')));
  }

  /** For the handler's author, once it is certain that the lane ends with it. */
  static void trace(MillraceException failure) {
    if (failure.remedy() == Remedy.FIX_HANDLER && failure.getCause() != null) {
      TRACES.error(failure.getMessage(), failure.getCause());
    }
  }
}
