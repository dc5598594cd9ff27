package dev.millrace.scenarios;

import dev.millrace.servers.EmbeddedClickHouse;
import java.util.Optional;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Skips a class if ClickHouse's engine is neither there nor can be downloaded, and prints that. */
final class EngineIsThere implements ExecutionCondition {
  @Override
  public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
    Optional<String> missing = EmbeddedClickHouse.missing();
    if (missing.isEmpty()) {
      return ConditionEvaluationResult.enabled("the engine's library is there, or npm");
    }
    System.err.println("LEFT OUT: " + context.getDisplayName() + ": " + missing.get());
    return ConditionEvaluationResult.disabled(missing.get());
  }
}
