"""VisualBackProp: a network worked out by hand, the layers it takes, and where its maps react."""

import keras
import numpy as np
import pytest
from art_transfer.errors import StudyError
from art_transfer.report.layer_graph import stages, window
from art_transfer.report.visual_backprop import maps
from art_transfer.train.demo_backbones import demo_plain, demo_residual
from keras import layers

FOUR = {
    "vgg19": (keras.applications.VGG19, 32, 16),
    "inception_v3": (keras.applications.InceptionV3, 75, 16),
    "xception": (keras.applications.Xception, 71, 16),
    "resnet50": (keras.applications.ResNet50, 32, 17),
}


def pooled(inputs, x) -> keras.Model:
    x = layers.GlobalAveragePooling2D(name="features")(x)
    return keras.Model(inputs, layers.Dense(3, activation="softmax", name="head")(x))


def tiny() -> tuple[keras.Model, np.ndarray, np.ndarray]:
    """6 x 6 x 1 -> 3 x 3 kernel, two maps, 4 x 4 -> 2 x 2 kernel, stride 2, two maps, 2 x 2."""
    inputs = keras.Input((6, 6, 1))
    x = layers.Conv2D(2, 3, activation="relu", use_bias=False, name="one")(inputs)
    x = layers.Conv2D(2, 2, strides=2, activation="relu", use_bias=False, name="two")(x)
    model = pooled(inputs, x)
    first, second = np.zeros((3, 3, 1, 2)), np.zeros((2, 2, 2, 2))
    first[1, 1, 0, 0] = 1  # map 0: the pixel itself
    first[0, 1, 0, 1] = 1  # map 1: the pixel above minus the one below
    first[2, 1, 0, 1] = -1
    second[:, :, 0, 0] = 1  # map 0: the sum of map 0
    second[0, 0, 1, 1] = -1  # map 1: minus the corner of map 1, so never above zero
    model.get_layer("one").set_weights([first])
    model.get_layer("two").set_weights([second])
    return model, first, second


def by_loops(image, first, second):
    """The same in plain loops, written from the paper's section 3 alone."""
    maps_one = np.zeros((4, 4, 2))
    for y in range(4):
        for x in range(4):
            for c in range(2):
                value = (image[y : y + 3, x : x + 3] * first[:, :, 0, c]).sum()
                maps_one[y, x, c] = max(value, 0)
    maps_two = np.zeros((2, 2, 2))
    for y in range(2):
        for x in range(2):
            for c in range(2):
                patch = maps_one[2 * y : 2 * y + 2, 2 * x : 2 * x + 2]
                maps_two[y, x, c] = max((patch * second[:, :, :, c]).sum(), 0)
    average_one, average_two = maps_one.mean(axis=2), maps_two.mean(axis=2)
    up_one = np.zeros((4, 4))
    for y in range(2):
        for x in range(2):
            up_one[2 * y : 2 * y + 2, 2 * x : 2 * x + 2] += average_two[y, x]
    product = up_one * average_one
    up_input = np.zeros((6, 6))
    for y in range(4):
        for x in range(4):
            up_input[y : y + 3, x : x + 3] += product[y, x]
    return (up_input - up_input.min()) / (up_input.max() - up_input.min())


def test_a_tiny_network_gives_what_loops_give():
    model, first, second = tiny()
    images = np.random.default_rng(3).normal(size=(4, 6, 6, 1)).astype(np.float32)
    expected = np.stack([by_loops(image[:, :, 0], first, second) for image in images])
    np.testing.assert_allclose(maps(model, images, "bojarski"), expected, atol=1e-6)


def test_one_bright_pixel_gives_the_numbers_written_on_paper():
    # A pixel of 1 at (2, 2). Map 0 of the first layer is 1 at (1, 1); map 1 is 1 at (2, 1), whose
    # pixel above is (2, 2), and -1, rectified to 0, at (0, 1). Their average: 1/2 at (1, 1) and
    # (2, 1). Second layer: window (0, 0) sums map 0 to 1, window (1, 0) has no map 0, and map 1
    # is never above zero: the average is 1/2 at (0, 0). Scaled up: 1/2 at the rows and columns 0-1.
    # Times the first average: 1/4 at (1, 1) only. Scaled up by 3 x 3 ones: 1/4 at 1-3, so 1 there.
    model, *_ = tiny()
    image = np.zeros((1, 6, 6, 1), np.float32)
    image[0, 2, 2, 0] = 1
    expected = np.zeros((6, 6))
    expected[1:4, 1:4] = 1
    np.testing.assert_array_equal(maps(model, image, "bojarski")[0], expected)


def test_the_released_code_scales_each_map_and_widens_by_3_only_where_the_size_changes():
    model, *_ = tiny()
    image = np.zeros((1, 6, 6, 1), np.float32)
    image[0, 2, 2, 0] = 255
    # second layer scaled: 1 at (0, 0); by 3 x 3 with stride 2 and one row of padding at the end:
    # 1 at rows and columns 0-2 of 4. First layer scaled: 1 at (1, 1) and (2, 1); their product the
    # same; then 4 -> 6 pixels, whose rounded ratio is 2, with (3 * 2 + 3 - 6) // 2 = 1 pixel
    # before: rows 2y - 1 to 2y + 1, so 1-3 and 3-5 (2 at 3), columns 1-3
    expected = np.zeros((6, 6))
    expected[1:6, 1:4] = 1
    expected[3, 1:4] = 2
    np.testing.assert_array_equal(maps(model, image, "released_code")[0], expected / 2)


def test_an_image_that_moves_nothing_gives_zeros():
    model, *_ = tiny()
    for algorithm in ("bojarski", "released_code"):
        assert not maps(model, np.zeros((2, 6, 6, 1), np.float32), algorithm).any()


def test_batches_change_nothing():
    model, *_ = tiny()
    images = np.random.default_rng(3).random((5, 6, 6, 1)).astype(np.float32)
    together, alone = (maps(model, images, "bojarski", batch_size=n) for n in (5, 2))
    np.testing.assert_array_equal(together, alone)


@pytest.mark.parametrize("name", FOUR)
@pytest.mark.parametrize("algorithm", ["bojarski", "released_code"])
def test_the_four_networks_of_the_paper(name, algorithm):
    application, size, count = FOUR[name]
    keras.utils.set_random_seed(1)
    backbone = application(include_top=False, weights=None, input_shape=(size, size, 3))
    model = pooled(backbone.input, backbone.output)
    assert len(stages(model, "features")) == count
    images = np.random.default_rng(0).random((2, size, size, 3)).astype(np.float32)
    found = maps(model, images * (255 if algorithm == "released_code" else 1), algorithm)
    assert (found.shape, found.dtype) == ((2, size, size), np.float32)
    assert np.isfinite(found).all()
    assert found.min(axis=(1, 2)).tolist() == [0, 0]
    assert found.max(axis=(1, 2)).tolist() == [1, 1]


def names(model) -> list[str]:
    return [stage.layer.name for stage in stages(model, "features")]


def test_the_layers_that_take_part_are_found_from_the_graph():
    vgg = keras.applications.VGG19(include_top=False, weights=None, input_shape=(32, 32, 3))
    convolutions = [layer.name for layer in vgg.layers if isinstance(layer, layers.Conv2D)]
    assert names(pooled(vgg.input, vgg.output)) == convolutions
    resnet = keras.applications.ResNet50(include_top=False, weights=None, input_shape=(32, 32, 3))
    blocks = [layer.name for layer in resnet.layers if layer.name.endswith("_out")]
    assert names(pooled(resnet.input, resnet.output)) == ["conv1_relu", *blocks]
    v3 = keras.applications.InceptionV3(include_top=False, weights=None, input_shape=(75, 75, 3))
    found = names(pooled(v3.input, v3.output))
    assert found[5:] == [f"mixed{i}" for i in range(11)]
    inputs = keras.Input((32, 32, 3))
    plain, residual = (pooled(inputs, demo(inputs)) for demo in (demo_plain, demo_residual))
    assert names(plain) == [f"block{i}_conv" for i in (1, 2, 3, 4)]
    assert names(residual) == [
        "stem_relu",
        *["block1_first_relu", "block1_relu", "block2_first_relu", "block2_relu"],
    ]


def test_a_saved_and_loaded_network_gives_the_same_maps(tmp_path):
    keras.utils.set_random_seed(1)
    inputs = keras.Input((32, 32, 3))
    model = pooled(inputs, demo_residual(inputs))
    model.save(tmp_path / "model.keras")
    images = np.random.default_rng(0).random((2, 32, 32, 3)).astype(np.float32)
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(maps(model, images, "bojarski"), maps(loaded, images, "bojarski"))


@pytest.mark.parametrize("demo", [demo_plain, demo_residual])
@pytest.mark.parametrize("algorithm", ["bojarski", "released_code"])
def test_the_map_is_where_the_object_is(demo, algorithm):
    keras.utils.set_random_seed(2)
    inputs = keras.Input((64, 64, 3))
    model = pooled(inputs, demo(inputs))
    texture = np.random.default_rng(0).random((16, 16, 3)).astype(np.float32)
    # What says nothing to the network: demo_plain centres pixels of 0-1 at grey.
    background = 0.5 if demo is demo_plain and algorithm == "bojarski" else 0
    images = np.full((2, 64, 64, 3), background, np.float32)
    images[0, 8:24, 8:24] = texture
    images[1, 40:56, 40:56] = texture
    found = maps(model, images * (255 if algorithm == "released_code" else 1), algorithm)
    near = (
        found[0, 4:28, 4:28].sum() / found[0].sum(),
        found[1, 36:60, 36:60].sum() / found[1].sum(),
    )
    assert min(near) > 0.6, "most of the map lies within 4 pixels of the object"


def test_a_window_is_a_transposed_convolution_with_ones():
    # 5 pixels, kernel 3, stride 2, one pixel of padding before: outputs see 0-1, 1-3 and 3-4
    assert window(5, 3, 2, 1, 3).T.tolist() == [[1, 1, 0, 0, 0], [0, 1, 1, 1, 0], [0, 0, 0, 1, 1]]


def test_a_layer_that_cannot_be_undone_is_named():
    inputs = keras.Input((8, 8, 1))
    x = layers.Conv2D(2, 3, padding="same")(inputs)
    x = layers.UpSampling2D(name="larger")(x)
    x = layers.Conv2D(2, 3)(x)
    with pytest.raises(StudyError, match=r"larger \(UpSampling2D\) turns maps of \(8, 8\) into"):
        stages(pooled(inputs, x), "features")


@pytest.mark.parametrize("algorithm", ["bojarski", "released_code"])
def test_squeeze_and_excitation_of_one_pixel_says_nothing_of_where(algorithm, tmp_path):
    keras.utils.set_random_seed(1)
    inputs = keras.Input((16, 16, 3))
    wide = layers.Conv2D(8, 3, padding="same", activation="relu", name="wide")(inputs)
    gate = layers.GlobalAveragePooling2D(keepdims=True)(wide)
    gate = layers.Conv2D(8, 1)(gate)
    gate = layers.ReLU(6.0)(gate + 3.0) * (1 / 6)  # as MobileNetV3 writes its sigmoid
    gated = layers.Multiply(name="gated")([wide, gate])
    gated_model = pooled(inputs, layers.Conv2D(4, 3, strides=2, name="last")(gated))
    assert names(gated_model) == ["wide", "gated", "last"]
    for stage in stages(gated_model, "features")[1:2]:
        for side in stage.windows:
            np.testing.assert_array_equal(side, np.eye(16))
    images = np.zeros((1, 16, 16, 3), np.float32)
    images[0, 2:5, 2:5] = 200
    gated_model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    found = maps(loaded, images, algorithm)[0]
    np.testing.assert_array_equal(found, maps(gated_model, images, algorithm)[0])
    assert found[:8, :8].sum() > 0.9 * found.sum()


def test_mobilenet_has_maps():
    keras.utils.set_random_seed(1)
    small = keras.applications.MobileNetV3Small(
        include_top=False, weights=None, input_shape=(64, 64, 3), include_preprocessing=False
    )
    model = pooled(small.input, small.output)
    assert len(stages(model, "features")) == 26
    found = maps(model, np.random.default_rng(0).random((2, 64, 64, 3)), "bojarski")
    assert found.shape == (2, 64, 64)
    assert found.max(axis=(1, 2)).tolist() == [1, 1]


def test_a_network_that_sees_only_means_on_its_way_is_refused():
    inputs = keras.Input((8, 8, 1))
    x = layers.Conv2D(2, 3)(inputs)
    x = layers.GlobalMaxPooling2D(keepdims=True)(x)
    x = layers.Conv2D(2, 1, name="late")(x)
    with pytest.raises(StudyError, match=r"late \(Conv2D\) sees only means over all pixels"):
        stages(pooled(inputs, x), "features")


def test_an_unknown_algorithm_is_refused():
    model, *_ = tiny()
    with pytest.raises(ValueError, match="'guided'; expected one of"):
        maps(model, np.zeros((1, 6, 6, 1), np.float32), "guided")
