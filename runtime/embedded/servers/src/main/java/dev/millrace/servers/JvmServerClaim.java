package dev.millrace.servers;

import java.nio.file.Path;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * This JVM's place among the users of one server: one shared claim for any number of handles.
 *
 * <p>All claims on the files of a directory are made under {@link #lock}, because within one JVM
 * they do not exclude but break each other.
 */
final class JvmServerClaim {
  private static final ConcurrentMap<Path, JvmServerClaim> CLAIMS = new ConcurrentHashMap<>();

  final ReentrantLock lock = new ReentrantLock();

  // Guarded by lock.
  private @Nullable FileClaim claim;
  private int handles;

  private JvmServerClaim() {}

  static JvmServerClaim of(ServerDirectory directory) {
    return CLAIMS.computeIfAbsent(directory.root(), root -> new JvmServerClaim());
  }

  /** Adds a handle; true if it is the only one of this JVM. */
  boolean take(ServerDirectory directory, StartupDeadline waiting) {
    lock.lock();
    try {
      if (handles == 0) {
        claim = FileClaim.awaitShared(directory.usersLock(), waiting);
      }
      handles++;
      return handles == 1;
    } finally {
      lock.unlock();
    }
  }

  /** True if this JVM is a user; holds as long as the caller keeps the lock. */
  boolean isTaken() {
    lock.lock();
    try {
      return handles > 0;
    } finally {
      lock.unlock();
    }
  }

  void leave() {
    lock.lock();
    try {
      handles--;
      if (handles == 0 && claim != null) {
        claim.close();
        claim = null;
      }
    } finally {
      lock.unlock();
    }
  }
}
