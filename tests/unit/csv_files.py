"""A few rows of the open CSV files of the NGA and the Met, in their format."""

OBJECTS = (
    "objectid,accessioned,accessionnum,title,displaydate,medium,attribution,classification\n"
    '10,1,1937.1.8,"The Nativity, with Prophets",1308/1311,'
    '"tempera on poplar, gold",Duccio,Painting\n'
    "9,1,1952.5.1,Café,1880,oil on canvas,Édouard Manet,Painting\n"
    "282,1,1939.1.141,Peter,1308/1311,tempera on panel,Duccio,Painting\n"
    "50,1,1943.3.1,A Print,1650,etching,Rembrandt,Print\n"
    "7,1,1943.3.2,No picture,1650,oil,Anonymous,Painting\n"
)
IMAGES = (
    "uuid,iiifurl,iiifthumburl,viewtype,sequence,width,height,maxpixels,openaccess,depictstmsobjectid\n"
    "u-10,https://nga.example/iiif/u-10,,primary,0,900,700,,1,10\n"
    "u-10b,https://nga.example/iiif/u-10b,,alternate,1,900,700,,1,10\n"
    "u-9,https://nga.example/iiif/u-9,,primary,0,900,700,,1,9\n"
    "u-9b,https://nga.example/iiif/u-9b,,primary,1,900,700,,1,9\n"
    "u-282,https://nga.example/iiif/u-282,,primary,0,900,700,640,0,282\n"
    "u-none,https://nga.example/iiif/u-none,,primary,0,900,700,,1,\n"
    "u-50,https://nga.example/iiif/u-50,,primary,0,900,700,,1,50\n"
)
MET = (
    "\ufeffObject Number,Is Highlight,Is Public Domain,Object ID,Department,Object Name,Title,"
    "Artist Display Name,Object Date,Medium,Classification,Rights and Reproduction,Link Resource\n"
    '49.30,True,True,436535,European Paintings,Painting,"Wheat Field, Cypresses",'
    "Vincent van Gogh|Somebody Else,1889,Oil on canvas,Paintings,,http://met.example/436535\n"
    "93.24,False,False,12,European Paintings,Painting,Not free,X,1950,Oil,Paintings,(c),\n"
    "94.24,False,True,13,Asian Art,Vase,A vase,,1500,Porcelain,Ceramics,,\n"
    "95.24,False,True,7,European Paintings,Painting,Unseen,Y,1900,Oil,Paintings,,\n"
)
