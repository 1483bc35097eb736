package dev.millrace.wire;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.annotation.JsonAppend;
import com.fasterxml.jackson.databind.deser.DeserializationProblemHandler;
import com.fasterxml.jackson.databind.deser.std.StdDeserializer;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.ser.std.StdSerializer;
import dev.millrace.job.Checkpoint;
import dev.millrace.job.ChunkTask;
import dev.millrace.job.ContinuousPosition;
import dev.millrace.job.DocumentTask;
import dev.millrace.job.Event;
import dev.millrace.job.JobId;
import dev.millrace.job.JobRecord;
import dev.millrace.job.MapTask;
import dev.millrace.job.PartitionTotal;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Control records (jobs, tasks, events, checkpoints) as JSON in UTF-8: the record's components by name, and beside them
 * {@code "format": 1}. Reading is strict: a missing component, a null, a fraction for an integer or trailing text is an
 * error; a component that is not known is passed over, so that a later release may add one. Tasks of documents, and
 * events that these are counted, are as bytes, see {@link DocumentCodec}.
 *
 * <p>Safe for use by several threads.
 */
public final class ControlCodec {
    private static final String FORMAT = "format";
    private static final int VERSION = 1;

    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
            .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
            .disable(MapperFeature.AUTO_DETECT_IS_GETTERS)
            .addMixIn(Event.class, TypedEvent.class)
            .addMixIn(MapTask.class, TypedTask.class)
            .addMixIn(JobRecord.class, Formatted.class)
            .addMixIn(Checkpoint.class, Formatted.class)
            .addMixIn(ContinuousPosition.class, Formatted.class)
            .addModule(new SimpleModule()
                    .addSerializer(JobId.class, new JobIdWriter())
                    .addDeserializer(JobId.class, new JobIdReader())
                    .addSerializer(Checkpoint.AppliedTask.class, new AppliedTaskWriter())
                    .addDeserializer(Checkpoint.AppliedTask.class, new AppliedTaskReader()))
            .build();

    private static final ObjectWriter WRITER = JSON.writer().withAttribute(FORMAT, VERSION);

    private ControlCodec() {}

    public static byte[] encode(MapTask task) {
        return task instanceof DocumentTask documents ? DocumentCodec.encode(documents) : write(task);
    }

    public static byte[] encode(Event event) {
        return event instanceof Event.DocumentsDone done ? DocumentCodec.encode(done) : write(event);
    }

    public static byte[] encode(JobRecord job) {
        return write(job);
    }

    public static byte[] encode(ContinuousPosition position) {
        return write(position);
    }

    public static byte[] encode(Checkpoint checkpoint) {
        return write(checkpoint);
    }

    /** @throws MalformedRecordException if the bytes are not a task of this format */
    public static MapTask task(byte @Nullable [] value) {
        return value != null && DocumentCodec.isTask(value) ? DocumentCodec.task(value) : read(value, MapTask.class);
    }

    /** @throws MalformedRecordException if the bytes are not a position of this format */
    public static ContinuousPosition position(byte @Nullable [] json) {
        return read(json, ContinuousPosition.class);
    }

    /** @throws MalformedRecordException if the bytes are not an event of this format */
    public static Event event(byte @Nullable [] value) {
        return value != null && DocumentCodec.isDone(value) ? DocumentCodec.done(value) : read(value, Event.class);
    }

    /** @throws MalformedRecordException if the bytes are not a job of this format */
    public static JobRecord job(byte @Nullable [] json) {
        return read(json, JobRecord.class);
    }

    /** @throws MalformedRecordException if the bytes are not a checkpoint of this format */
    public static Checkpoint checkpoint(byte @Nullable [] json) {
        return read(json, Checkpoint.class);
    }

    private static byte[] write(Object value) {
        try {
            return WRITER.writeValueAsBytes(value);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("cannot be written as JSON: " + value, e);
        }
    }

    private static <T> T read(byte @Nullable [] json, Class<T> type) {
        if (json == null) {
            throw new MalformedRecordException("no value", null);
        }
        Format format = new Format(type);
        T value;
        try {
            value = JSON.readerFor(type).withHandler(format).readValue(json);
        } catch (IOException | IllegalArgumentException e) {
            throw new MalformedRecordException("not a " + type.getSimpleName() + ": " + firstLine(e), e);
        }
        if (value == null || format.found != VERSION) {
            throw new MalformedRecordException(
                    value == null ? "null" : "format " + format.found + " where this release reads " + VERSION, null);
        }
        return value;
    }

    /** Takes the format, which is no component of a record, from the outermost one, and passes over what is not known. */
    private static final class Format extends DeserializationProblemHandler {
        private final Class<?> type;
        int found;

        Format(Class<?> type) {
            this.type = type;
        }

        @Override
        public boolean handleUnknownProperty(
                DeserializationContext context,
                JsonParser in,
                JsonDeserializer<?> deserializer,
                Object record,
                String name)
                throws IOException {
            if (name.equals(FORMAT) && type.isInstance(record)) {
                found = in.hasToken(JsonToken.VALUE_NUMBER_INT) ? in.getIntValue() : -1;
            }
            in.skipChildren();
            return true;
        }
    }

    private static String firstLine(Exception e) {
        String message = String.valueOf(e.getMessage());
        int end = message.indexOf('\n');
        return end < 0 ? message : message.substring(0, end);
    }

    /** Of records that stand by themselves. */
    @JsonAppend(attrs = @JsonAppend.Attr(FORMAT))
    private interface Formatted {}

    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
    @JsonSubTypes({@JsonSubTypes.Type(value = ChunkTask.class, name = "chunk-task")})
    @JsonAppend(attrs = @JsonAppend.Attr(FORMAT))
    private interface TypedTask {}

    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
    @JsonAppend(attrs = @JsonAppend.Attr(FORMAT))
    @JsonSubTypes({
        @JsonSubTypes.Type(value = Event.TaskClaimed.class, name = "task-claimed"),
        @JsonSubTypes.Type(value = Event.TaskDone.class, name = "task-done"),
        @JsonSubTypes.Type(value = Event.TaskFailed.class, name = "task-failed"),
        @JsonSubTypes.Type(value = Event.PartitionDone.class, name = "partition-done"),
        @JsonSubTypes.Type(value = Event.DocumentsFailed.class, name = "documents-failed"),
        @JsonSubTypes.Type(value = Event.BarrierAsked.class, name = "barrier-asked"),
        @JsonSubTypes.Type(value = Event.BarrierReached.class, name = "barrier-reached"),
        @JsonSubTypes.Type(value = Event.PartitionBarrier.class, name = "partition-barrier"),
        @JsonSubTypes.Type(value = Event.ContinuousStatus.class, name = "continuous-status"),
        @JsonSubTypes.Type(value = Event.PartitionFailed.class, name = "partition-failed")
    })
    private interface TypedEvent {}

    private static final class JobIdWriter extends StdSerializer<JobId> {
        private static final long serialVersionUID = 1;

        JobIdWriter() {
            super(JobId.class);
        }

        @Override
        public void serialize(JobId id, JsonGenerator out, SerializerProvider provider) throws IOException {
            out.writeString(id.toString());
        }
    }

    private static final class JobIdReader extends StdDeserializer<JobId> {
        private static final long serialVersionUID = 1;

        JobIdReader() {
            super(JobId.class);
        }

        @Override
        public JobId deserialize(JsonParser in, DeserializationContext context) throws IOException {
            if (!in.hasToken(JsonToken.VALUE_STRING)) {
                return context.reportInputMismatch(this, "a job id is a string, not %s", in.currentToken());
            }
            return JobId.parse(in.getText());
        }
    }

    /**
     * As {@code [task, tokens, digest]}: a checkpoint is one record for all jobs of a partition, and each may have thousands
     * of these while one of its tasks waits for a mapper.
     */
    private static final class AppliedTaskWriter extends StdSerializer<Checkpoint.AppliedTask> {
        private static final long serialVersionUID = 1;

        AppliedTaskWriter() {
            super(Checkpoint.AppliedTask.class);
        }

        @Override
        public void serialize(Checkpoint.AppliedTask applied, JsonGenerator out, SerializerProvider provider)
                throws IOException {
            out.writeStartArray();
            out.writeNumber(applied.task());
            out.writeNumber(applied.total().tokens());
            out.writeNumber(applied.total().digest());
            out.writeEndArray();
        }
    }

    private static final class AppliedTaskReader extends StdDeserializer<Checkpoint.AppliedTask> {
        private static final long serialVersionUID = 1;

        /** As it was written before, by the names of its components. */
        private record Named(long task, PartitionTotal total) {}

        AppliedTaskReader() {
            super(Checkpoint.AppliedTask.class);
        }

        @Override
        public Checkpoint.AppliedTask deserialize(JsonParser in, DeserializationContext context) throws IOException {
            if (in.hasToken(JsonToken.START_OBJECT)) {
                Named named = context.readValue(in, Named.class);
                return new Checkpoint.AppliedTask(named.task(), named.total());
            }
            long[] numbers = context.readValue(in, long[].class);
            if (numbers.length != 3) {
                return context.reportInputMismatch(this, "an applied task is three numbers, not %d", numbers.length);
            }
            return new Checkpoint.AppliedTask(numbers[0], new PartitionTotal(numbers[1], numbers[2]));
        }
    }
}
