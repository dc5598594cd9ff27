package dev.millrace.simulation;

import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;
import org.slf4j.ILoggerFactory;
import org.slf4j.IMarkerFactory;
import org.slf4j.Marker;
import org.slf4j.event.Level;
import org.slf4j.helpers.AbstractLogger;
import org.slf4j.helpers.BasicMarkerFactory;
import org.slf4j.helpers.MessageFormatter;
import org.slf4j.helpers.NOPMDCAdapter;
import org.slf4j.spi.MDCAdapter;
import org.slf4j.spi.SLF4JServiceProvider;

/** Keeps the log lines of handlers, and those about them, instead of printing them. */
public final class KeptLogs implements SLF4JServiceProvider {
  private static final int MAX_TEXT = 1_000;

  private static final Queue<String> LINES = new ConcurrentLinkedQueue<>();

  private static final Queue<String> TRACES = new ConcurrentLinkedQueue<>();

  private final IMarkerFactory markers = new BasicMarkerFactory();
  private final MDCAdapter context = new NOPMDCAdapter();

  /** The log lines of handlers so far. */
  static List<String> lines() {
    return List.copyOf(LINES);
  }

  /** The first frame of each handler's trace so far, with its exception. */
  static List<String> traces() {
    return List.copyOf(TRACES);
  }

  @Override
  public ILoggerFactory getLoggerFactory() {
    return KeptLogger::new;
  }

  @Override
  public IMarkerFactory getMarkerFactory() {
    return markers;
  }

  @Override
  public MDCAdapter getMDCAdapter() {
    return context;
  }

  @Override
  public String getRequestedApiVersion() {
    return "2.0.99";
  }

  @Override
  public void initialize() {}

  private static final class KeptLogger extends AbstractLogger {
    private static final long serialVersionUID = 1L;

    private KeptLogger(String name) {
      this.name = name;
    }

    @Override
    protected @Nullable String getFullyQualifiedCallerName() {
      return null;
    }

    @Override
    protected void handleNormalizedLoggingCall(
        Level level,
        @Nullable Marker marker,
        String message,
        @Nullable Object @Nullable [] arguments,
        @Nullable Throwable thrown) {
      if (name.equals("dev.millrace.handler")) {
        LINES.add(MessageFormatter.basicArrayFormat(message, arguments));
      }
      if (name.equals("dev.millrace.handler.trace") && thrown != null) {
        String text = thrown.toString();
        TRACES.add(
            text.substring(0, Math.min(MAX_TEXT, text.length()))
                + " at "
                + thrown.getStackTrace()[0].getFileName());
      }
    }

    @Override
    public boolean isTraceEnabled() {
      return false;
    }

    @Override
    public boolean isTraceEnabled(@Nullable Marker marker) {
      return false;
    }

    @Override
    public boolean isDebugEnabled() {
      return false;
    }

    @Override
    public boolean isDebugEnabled(@Nullable Marker marker) {
      return false;
    }

    @Override
    public boolean isInfoEnabled() {
      return true;
    }

    @Override
    public boolean isInfoEnabled(@Nullable Marker marker) {
      return true;
    }

    @Override
    public boolean isWarnEnabled() {
      return true;
    }

    @Override
    public boolean isWarnEnabled(@Nullable Marker marker) {
      return true;
    }

    @Override
    public boolean isErrorEnabled() {
      return true;
    }

    @Override
    public boolean isErrorEnabled(@Nullable Marker marker) {
      return true;
    }
  }
}
