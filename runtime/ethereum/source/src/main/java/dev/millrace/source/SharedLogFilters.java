package dev.millrace.source;

import java.lang.ref.WeakReference;
import java.util.Map;
import java.util.WeakHashMap;

/**
 * One object for each of the filters in use, and none for the others: thousands of files are asked
 * for with few filters of up to a thousand addresses. Guarded by its owner.
 */
final class SharedLogFilters {
  private final Map<PackedLogFilter, WeakReference<PackedLogFilter>> known = new WeakHashMap<>();

  /** Returns the object that stands for all filters equal to this one. */
  PackedLogFilter shared(PackedLogFilter filter) {
    WeakReference<PackedLogFilter> reference = known.get(filter);
    PackedLogFilter held = reference == null ? null : reference.get();
    if (held == null) {
      known.put(filter, new WeakReference<>(filter));
      return filter;
    }
    return held;
  }
}
