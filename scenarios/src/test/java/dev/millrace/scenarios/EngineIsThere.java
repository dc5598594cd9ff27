package dev.millrace.scenarios;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Leaves a class out where ClickHouse's engine neither is nor can be fetched, and says so. */
final class EngineIsThere implements ExecutionCondition {
  @Override
  public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
    String path = Optional.ofNullable(System.getenv("PATH")).orElse("");
    boolean hasNpm =
        Arrays.stream(path.split(File.pathSeparator))
            .anyMatch(directory -> Files.isExecutable(Path.of(directory, "npm")));
    if (hasNpm || System.getenv("MILLRACE_CHDB") != null) {
      return ConditionEvaluationResult.enabled("the engine's library is there, or npm");
    }
    String missing = "neither npm nor MILLRACE_CHDB";
    System.err.println("LEFT OUT: " + context.getDisplayName() + ": " + missing);
    return ConditionEvaluationResult.disabled(missing);
  }
}
