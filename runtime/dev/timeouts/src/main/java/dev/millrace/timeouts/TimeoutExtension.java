package dev.millrace.timeouts;

import java.nio.file.Path;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.PreInterruptCallback;
import org.junit.jupiter.api.extension.PreInterruptContext;

/** Writes a report while the test still hangs, before JUnit interrupts it. */
public final class TimeoutExtension implements PreInterruptCallback {
  @Override
  public void beforeThreadInterrupt(PreInterruptContext interrupted, ExtensionContext test) {
    String name =
        test.getRequiredTestClass().getSimpleName()
            + test.getTestMethod().map(method -> "." + method.getName()).orElse("");
    Path directory = Path.of("target", "timeouts", name).toAbsolutePath();
    new TimeoutReport(directory).write();
    System.err.printf(
        "test timed out: test=%s thread=%s report=%s%n",
        name, interrupted.getThreadToInterrupt().getName(), directory);
  }
}
