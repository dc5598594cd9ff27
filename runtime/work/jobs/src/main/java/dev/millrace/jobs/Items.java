package dev.millrace.jobs;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** The outcomes of the items of a run, in the order in which they were given. */
public final class Items<O> {
  private static final int MAX_NAMED = 5;

  private final Map<String, O> succeeded;
  private final Map<String, String> failed;

  Items(Map<String, O> succeeded, Map<String, String> failed) {
    this.succeeded = succeeded;
    this.failed = failed;
  }

  public List<O> succeeded() {
    return new ArrayList<>(succeeded.values());
  }

  /** The outputs by the keys of their items. */
  public Map<String, O> outputs() {
    return new LinkedHashMap<>(succeeded);
  }

  public List<String> failedKeys() {
    return List.copyOf(failed.keySet());
  }

  /** The messages of items that failed or were canceled, by their keys. */
  public Map<String, String> failures() {
    return new LinkedHashMap<>(failed);
  }

  /** Returns the outputs if every item has succeeded, and fails the run otherwise. */
  public List<O> requireAll() {
    if (!failed.isEmpty()) {
      throw new MillraceException(
          Remedy.FIX_HANDLER,
          "items have failed: failed=%d of=%d first=%s"
              .formatted(
                  failed.size(),
                  failed.size() + succeeded.size(),
                  failed.keySet().stream()
                      .limit(MAX_NAMED)
                      .collect(Collectors.joining(", ", "[", "]"))));
    }
    return succeeded();
  }
}
