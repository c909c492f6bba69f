package org.sandglass.job.data;

import static org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName.BINARY;
import static org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName.INT32;
import static org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName.INT64;

import java.util.stream.Collectors;
import org.apache.parquet.hadoop.metadata.ColumnPath;
import org.apache.parquet.schema.GroupType;
import org.apache.parquet.schema.LogicalTypeAnnotation.IntLogicalTypeAnnotation;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Type;
import org.apache.parquet.schema.Type.Repetition;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.sandglass.job.failure.JobFailure;

/**
 * Which of the two schemas a table has: {@code image: struct<bytes: binary, path: string, …>, label} or {@code image:
 * binary, label}; other columns do not matter.
 *
 * @param nested whether the image is a struct
 * @param hasPath whether that struct has a path
 * @param longLabels whether labels are 64-bit integers
 */
record TableColumns(boolean nested, boolean hasPath, boolean longLabels) {

    static final String IMAGE = "image";
    static final String LABEL = "label";
    static final String BYTES = "bytes";
    static final String PATH = "path";

    /**
     * @param where the table and file, for the message
     * @throws JobFailure if a column is missing or of another type
     */
    static TableColumns of(MessageType schema, String where) {
        Type image = column(schema, IMAGE, where);
        boolean longLabels = areLongLabels(column(schema, LABEL, where), where);
        if (isBytes(image)) {
            return new TableColumns(false, false, longLabels);
        }
        if (image.isPrimitive()
                || image.isRepetition(Repetition.REPEATED)
                || !image.asGroupType().containsField(BYTES)
                || !isBytes(image.asGroupType().getType(BYTES))) {
            throw JobFailure.data(
                    "Cannot read %s: column image must be binary, or a struct with a binary field bytes, but is: %s"
                            .formatted(where, oneLine(image)));
        }
        return new TableColumns(true, hasPath(image.asGroupType()), longLabels);
    }

    /** The column of bytes as Spark SQL and Parquet name it. */
    String bytesColumn() {
        return nested ? IMAGE + "." + BYTES : IMAGE;
    }

    String pathColumn() {
        return IMAGE + "." + PATH;
    }

    String labelColumn() {
        return LABEL;
    }

    ColumnPath bytesPath() {
        return nested ? ColumnPath.get(IMAGE, BYTES) : ColumnPath.get(IMAGE);
    }

    /** Only the columns that are read. */
    StructType sparkSchema() {
        DataType image = DataTypes.BinaryType;
        if (nested) {
            StructType struct = new StructType().add(BYTES, DataTypes.BinaryType);
            image = hasPath ? struct.add(PATH, DataTypes.StringType) : struct;
        }
        return new StructType().add(IMAGE, image).add(LABEL, longLabels ? DataTypes.LongType : DataTypes.IntegerType);
    }

    private static Type column(MessageType schema, String name, String where) {
        if (!schema.containsField(name)) {
            String columns = schema.getFields().stream().map(Type::getName).collect(Collectors.joining(", "));
            throw JobFailure.data("Cannot read %s: no column %s; there are: %s".formatted(where, name, columns));
        }
        return schema.getType(name);
    }

    private static boolean areLongLabels(Type label, String where) {
        boolean isLong = isPrimitive(label, INT64);
        boolean isUnsigned = label.getLogicalTypeAnnotation() instanceof IntLogicalTypeAnnotation integer
                && !integer.isSigned()
                && integer.getBitWidth() >= Integer.SIZE;
        boolean isInteger = label.getLogicalTypeAnnotation() == null
                || label.getLogicalTypeAnnotation() instanceof IntLogicalTypeAnnotation;
        if (!(isLong || isPrimitive(label, INT32)) || isUnsigned || !isInteger) {
            throw JobFailure.data(
                    "Cannot read %s: column label must be int or long, but is: %s".formatted(where, oneLine(label)));
        }
        return isLong;
    }

    private static boolean isBytes(Type type) {
        return isPrimitive(type, BINARY) && type.getLogicalTypeAnnotation() == null;
    }

    private static boolean hasPath(GroupType image) {
        return image.containsField(PATH) && isPrimitive(image.getType(PATH), BINARY);
    }

    private static boolean isPrimitive(Type type, PrimitiveTypeName name) {
        return type.isPrimitive()
                && !type.isRepetition(Repetition.REPEATED)
                && type.asPrimitiveType().getPrimitiveTypeName() == name;
    }

    private static String oneLine(Type type) {
        return type.toString().replaceAll("\\s+", " ");
    }
}
